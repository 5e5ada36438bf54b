import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { LocalAppliance } from "../../../provider/appliance/local/local.ts";
import { thisProcess } from "../../../provider/appliance/local/process-identity.ts";
import type { ProcessIdentity } from "../../../provider/appliance/operations/fields.ts";
import { newFolder, openedIn, refusal } from "./folders.ts";

const KUID = "00000000-0000-4000-8000-000000000001";

function server(instanceId: string, process: ProcessIdentity) {
  return { instanceId, name: "kace.example", port: 8443, canonicalNames: ["kace.example"], version: "0.1.0", process };
}

async function enrol(appliance: LocalAppliance, kuid = KUID): Promise<void> {
  await appliance.enrolDevice({
    kuid,
    publicKey: createHash("sha256").update(kuid).digest("base64url"),
    hostname: "web1",
    agentVersion: "1.4.2",
    flavour: "reference",
    os: { platform: "linux", id: "debian", version: "12", name: "Debian", architecture: "amd64" },
    machineId: "",
    addresses: [],
    macs: [],
  });
}

describe("the server of a local appliance", () => {
  it("runs as long as its process lives, whatever the clocks say", async () => {
    const ended = new Set<number>();
    let now = Date.parse("2027-03-01T08:00:00Z");
    const appliance = await openedIn(newFolder(), { now: () => now, hasEnded: ({ pid }) => ended.has(pid) });
    await appliance.publishServer(server("one", { ...thisProcess(), pid: 101 }));
    now += 48 * 3_600_000;
    expect(await appliance.serverStatus({})).toMatchObject({
      running: true,
      name: "kace.example",
      port: 8443,
      startedAt: "2027-03-01T08:00:00.000Z",
    });
    const second = await refusal(appliance.publishServer(server("two", { ...thisProcess(), pid: 102 })));
    expect(second.code).toBe("conflict");
    expect(second.message).toContain("process 101");
    ended.add(101);
    expect(await appliance.serverStatus({})).toMatchObject({ running: false, name: "kace.example" });
    await appliance.publishServer(server("two", { ...thisProcess(), pid: 102 }));
    expect(await appliance.serverStatus({})).toMatchObject({ running: true, instanceId: "two" });
  });

  it("on another host runs as long as its heartbeats come", async () => {
    let now = Date.parse("2027-03-01T08:00:00Z");
    const appliance = await openedIn(newFolder(), { now: () => now });
    const elsewhere = { pid: 1, scope: "another host" };
    await appliance.publishServer(server("one", elsewhere));
    now += 15_000;
    expect((await appliance.serverStatus({})).running).toBe(true);
    now += 1;
    expect((await appliance.serverStatus({})).running).toBe(false);
    await appliance.publishServer(server("one", elsewhere));
    expect(await appliance.serverStatus({})).toMatchObject({ running: true, startedAt: "2027-03-01T08:00:00.000Z" });
    await appliance.withdrawServer({ instanceId: "one" });
    expect((await appliance.serverStatus({})).running).toBe(false);
    const { entries } = await appliance.listHistory({ subject: "server" });
    expect(entries.map(({ what }) => what)).toEqual(["withdrawServer", "publishServer"]);
  });

  it("says which devices are connected, and none is once it is gone", async () => {
    const ended = new Set<number>();
    const appliance = await openedIn(newFolder(), { hasEnded: ({ pid }) => ended.has(pid) });
    await appliance.publishServer(server("one", { ...thisProcess(), pid: 101 }));
    await enrol(appliance);
    const connected = async () => (await appliance.getDevice({ kuid: KUID })).connected;
    await appliance.deviceConnected({ kuid: KUID, connectionId: "c1", instanceId: "one" });
    await appliance.deviceConnected({ kuid: KUID, connectionId: "c2", instanceId: "one" });
    await appliance.deviceDisconnected({ kuid: KUID, connectionId: "c1" });
    expect(await connected()).toBe(true);
    await appliance.deviceDisconnected({ kuid: KUID, connectionId: "c2" });
    expect(await connected()).toBe(false);
    await appliance.deviceConnected({ kuid: KUID, connectionId: "c3", instanceId: "one" });
    ended.add(101);
    expect(await connected()).toBe(false);
    await appliance.publishServer(server("two", { ...thisProcess(), pid: 102 }));
    expect(await connected()).toBe(false);
    expect((await appliance.deviceStates({ kuids: [KUID] })).devices).toEqual([
      { kuid: KUID, state: "quarantined", reason: "no-token", connected: false },
    ]);
  });

  it("that is gone leaves its devices as last seen when it was heard last, and one that stops when it stops", async () => {
    const ended = new Set<number>();
    let now = Date.parse("2027-03-01T08:00:00Z");
    const appliance = await openedIn(newFolder(), { now: () => now, hasEnded: ({ pid }) => ended.has(pid) });
    const lastSeen = async () => (await appliance.getDevice({ kuid: KUID })).lastSeenAt;
    const publish = (instanceId: string, pid: number) =>
      appliance.publishServer(server(instanceId, { ...thisProcess(), pid }));
    await publish("one", 101);
    await enrol(appliance);
    await appliance.deviceConnected({ kuid: KUID, connectionId: "c1", instanceId: "one" });
    now += 24 * 3_600_000;
    await publish("one", 101);
    ended.add(101);
    now += 3_600_000;
    await publish("two", 102);
    expect(await lastSeen()).toBe("2027-03-02T08:00:00.000Z");
    await appliance.deviceConnected({ kuid: KUID, connectionId: "c2", instanceId: "two" });
    ended.add(102);
    now += 3_600_000;
    await publish("three", 103);
    expect(await lastSeen()).toBe("2027-03-02T09:00:00.000Z");
    await appliance.deviceConnected({ kuid: KUID, connectionId: "c3", instanceId: "three" });
    now += 24 * 3_600_000;
    await appliance.withdrawServer({ instanceId: "three" });
    expect(await lastSeen()).toBe("2027-03-03T10:00:00.000Z");
  });
});

describe("a local appliance", () => {
  it("names in its history on whose behalf something was changed", async () => {
    const appliance = await openedIn(newFolder(), { who: "ann@laptop" });
    await appliance.createToken({ name: "one" });
    const other = appliance.actingAs({ who: "pipeline" });
    await other.createToken({ name: "two" });
    await other.close();
    const { entries } = await appliance.listHistory({});
    expect(entries.map(({ who, subjectName }) => [who, subjectName])).toEqual([
      ["pipeline", "two"],
      ["ann@laptop", "one"],
    ]);
  });

  it("takes lists that are longer than SQLite's limit of parameters", async () => {
    const appliance = await openedIn(newFolder());
    await enrol(appliance);
    const kuids = Array.from({ length: 50_000 }, (_, index) => `${KUID.slice(0, -5)}${String(index).padStart(5, "0")}`);
    expect((await appliance.deviceStates({ kuids })).devices).toHaveLength(1);
    expect((await appliance.findDevices({ names: [...kuids, "WEB1"] })).devices).toHaveLength(1);
  });

  it("forgets old runs, but not what is known of a machine", { timeout: 120_000 }, async () => {
    const appliance = await openedIn(newFolder());
    await appliance.saveConfiguration({ id: "c", name: "c", description: { targets: "web1" } });
    const outcome = {
      target: "web1",
      action: "none",
      class: "unchanged",
      code: "right",
      message: "",
      durationMs: 1,
    } as const;
    const summary = {
      total: 1,
      succeeded: 0,
      unchanged: 1,
      removed: 0,
      absent: 0,
      unreachable: 0,
      failed: 0,
      notAttempted: 0,
      percentSucceeded: 100,
    };
    for (let run = 0; run < 53; run++) {
      const { runId } = await appliance.startRun({ configurationId: "c", kind: "up", holder: `run ${run}` });
      const machines = run === 0 ? ["seen-once", "web1"] : ["web1"];
      await appliance.recordOutcomes({ runId, outcomes: machines.map((machine) => ({ machine, ...outcome })) });
      await appliance.finishRun({ runId, summary });
    }
    const { runs } = await appliance.listRuns({ limit: 1_000 });
    expect(runs.map(({ holder }) => holder)).toEqual([
      ...Array.from({ length: 50 }, (_, index) => `run ${52 - index}`),
      "run 0",
    ]);
    const { outcomes } = await appliance.listOutcomes({});
    expect(outcomes.map(({ machine }) => machine)).toEqual(["seen-once", "web1"]);
  });
});
