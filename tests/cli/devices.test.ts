import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { openLocal } from "../../provider/appliance/local/local.ts";
import type { Device } from "../../provider/appliance/operations/devices.ts";
import { replacedDevices } from "../../provider/appliance/replaced-devices.ts";
import { device, kuidOf } from "../appliance/devices.ts";
import { newFolder } from "../appliance/local/folders.ts";
import { kaceIn } from "./local-kace.ts";

const machineId = createHash("sha256").update("a machine").digest("hex");
const [OLD, NEW] = [1, 2].map(kuidOf);

/** A device as lists have it, which enrolled at ten and was seen until eleven. */
function listed(number: number, more: Partial<Device>): Device {
  const said = { ...device(number), hostname: "web.corp.example", machineId, organization: "default" };
  const times = { enrolledAt: "2027-03-01T10:00:00.000Z", lastSeenAt: "2027-03-01T11:00:00.000Z" };
  return { ...said, state: "approved", connected: false, ...times, ...more };
}

const AT_NOON = { enrolledAt: "2027-03-01T12:00:00.000Z", lastSeenAt: "2027-03-01T13:00:00.000Z", connected: true };

/** Who is replaced by whom, of the old device and the one that enrolled at noon. */
function told(old: Partial<Device>, later: Partial<Device> = {}): (string | undefined)[][] {
  return [...replacedDevices([listed(1, old), listed(2, { ...AT_NOON, ...later })])];
}

/** The machine enrols at ten, and as another device at noon. */
async function enrolTwice(folder: string): Promise<void> {
  for (const [number, moment] of [
    [1, "2027-03-01T10:00:00Z"],
    [2, "2027-03-01T12:00:00Z"],
  ] as const) {
    const appliance = await openLocal({ folder, now: () => Date.parse(moment) });
    const same = { hostname: "web.corp.example", addresses: ["10.0.0.7"], machineId };
    await appliance.enrolDevice(device(number, same));
    await appliance.close();
  }
}

describe("a device whose machine has enrolled anew", () => {
  it.each<[string, Partial<Device>, Partial<Device>]>([
    ["was gone before", {}, {}],
    ["went in the same moment", { lastSeenAt: AT_NOON.enrolledAt }, {}],
    ["is known by a name in another case", { hostname: "WEB.corp.example" }, {}],
    ["waits for approval meanwhile", {}, { state: "quarantined", reason: "no-token" }],
    ["has lost one of its network cards", { macs: ["02:00:00:00:00:02", "02:00:00:00:00:01"] }, {}],
    ["is off again", {}, { connected: false }],
  ])("is told where it %s", (_what, old, later) => {
    expect(told(old, later)).toEqual([[OLD, NEW]]);
  });

  it.each<[string, Partial<Device>, Partial<Device>]>([
    ["is connected", { connected: true }, {}],
    ["was seen after the other came", { lastSeenAt: "2027-03-01T12:00:00.001Z" }, {}],
    ["has another name", { hostname: "db.corp.example" }, {}],
    ["has another id, as after its system was set up anew", { machineId: "other" }, {}],
    ["says no id", { machineId: "" }, { machineId: "" }],
    ["has no network card of the other", { macs: ["02:00:00:00:00:02"] }, {}],
    ["says no network card", { macs: [] }, { macs: [] }],
  ])("is not told where it %s", (_what, old, later) => {
    expect(told(old, later)).toEqual([]);
  });

  it("is told to be replaced by the last one that came after it", () => {
    const third = listed(3, { ...AT_NOON, enrolledAt: "2027-03-01T14:00:00.000Z" });
    const second = listed(2, { ...AT_NOON, connected: false });
    expect([...replacedDevices([listed(1, {}), third, second])].sort()).toEqual([
      [OLD, kuidOf(3)],
      [NEW, kuidOf(3)],
    ]);
  });

  it("is marked in the list, with the command that forgets it", async () => {
    const folder = newFolder();
    await enrolTwice(folder);
    const { out } = await kaceIn(folder, "devices", "list");
    const [head = "", ...rows] = out.split("\n");
    expect(head).toMatch(/ LAST SEEN +REMARK$/);
    expect(rows).toEqual([
      expect.stringMatching(new RegExp(` replaced by ${NEW}; to forget it: kace devices remove ${OLD}$`)),
      expect.stringMatching(/ 2027-03-01T12:00:00\.000Z$/),
    ]);
    const inJson: (Device & { replaced?: object })[] = JSON.parse(
      (await kaceIn(folder, "--json", "devices", "list")).out,
    );
    expect(inJson.map(({ kuid, replaced }) => [kuid, replaced])).toEqual([
      [OLD, { by: NEW, command: `kace devices remove ${OLD}` }],
      [NEW, undefined],
    ]);
    expect((await kaceIn(folder, "devices", "remove", OLD ?? "")).exitCode).toBe(0);
    expect((await kaceIn(folder, "devices", "list")).out).not.toContain("replaced by");
  });

  it("gets no script and no alert that is for all machines or those of a label", async () => {
    const folder = newFolder();
    await enrolTwice(folder);
    expect((await kaceIn(folder, "quarantine", "approve", OLD ?? "", NEW ?? "")).exitCode).toBe(0);
    const appliance = await openLocal({ folder });
    await appliance.saveLabel({ name: "web", machines: ["web"] });
    await appliance.close();
    const script = join(dirname(folder), "hello.sh");
    writeFileSync(script, "#!/bin/sh\necho hello\n");
    for (const whom of [["--all"], ["--label", "web"]])
      expect(JSON.parse((await kaceIn(folder, "--json", "script", "run", script, ...whom)).out).tasks).toEqual([
        expect.objectContaining({ kuid: NEW }),
      ]);
    expect((await kaceIn(folder, "alert", "send", "tea", "--all")).err).toBe("an alert for 1 machine is in the queue");
  });

  it("is not what its name or address means, but for who forgets it", async () => {
    const folder = newFolder();
    await enrolTwice(folder);
    const states = async () => {
      const found: Device[] = JSON.parse((await kaceIn(folder, "--json", "devices", "list")).out);
      return found.map(({ kuid, state }) => [kuid, state]);
    };
    expect((await kaceIn(folder, "quarantine", "approve", "web")).exitCode).toBe(0);
    expect(await states()).toEqual([
      [OLD, "quarantined"],
      [NEW, "approved"],
    ]);
    expect((await kaceIn(folder, "quarantine", "block", "10.0.0.7")).exitCode).toBe(0);
    expect(await states()).toEqual([
      [OLD, "quarantined"],
      [NEW, "blocked"],
    ]);
    const { exitCode, err } = await kaceIn(folder, "devices", "remove", "web");
    expect(exitCode).toBe(2);
    expect(err).toContain("2 devices are called web");
    expect((await kaceIn(folder, "quarantine", "approve", "10.0.0.8")).err).toContain("there is no device 10.0.0.8");
  });
});
