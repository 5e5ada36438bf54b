import { beforeEach, describe, expect, it } from "vitest";
import type { Appliance } from "../../provider/appliance/appliance.ts";
import { type LocalAppliance, openLocal } from "../../provider/appliance/local/local.ts";
import type { NewOutcome } from "../../provider/appliance/operations/outcomes.ts";
import { knownMachine } from "../../provider/rollout/known-machine.ts";
import { device, kuidOf } from "../appliance/devices.ts";
import { newFolder } from "../appliance/local/folders.ts";

let appliance: LocalAppliance;
beforeEach(async () => {
  appliance = await openLocal({ folder: newFolder() });
  return () => appliance.close();
});

/** A machine that somebody tried to install an agent on. */
async function tried(configuration: string, machine: string, more: Partial<NewOutcome> = {}): Promise<void> {
  await appliance.saveConfiguration({ id: configuration, name: configuration, description: { targets: machine } });
  const { runId } = await appliance.startRun({
    configurationId: configuration,
    kind: "up",
    total: 1,
    holder: "a test",
  });
  const outcome = {
    target: machine,
    action: "none",
    class: "unreachable",
    code: "port-closed",
    message: "",
    durationMs: 1,
  } as const;
  await appliance.recordOutcomes({ runId, outcomes: [{ ...outcome, machine, ...more }] });
  const none = { succeeded: 0, unchanged: 0, removed: 0, absent: 0, unreachable: 1, failed: 0, notAttempted: 0 };
  await appliance.finishRun({ runId, summary: { total: 1, ...none, percentSucceeded: 0 } });
}

const enrolled = (number: number, hostname: string, addresses: string[] = []) =>
  appliance.enrolDevice(device(number, { hostname, addresses }));
const known = (machine: string) => knownMachine(appliance satisfies Appliance, machine);

describe("of a short name that machines of several sites have", () => {
  const BERLIN = { device: { kuid: kuidOf(1) }, result: { configuration: "berlin" } };

  it("it is asked which one is meant, and by the whole name, address or KUID that one is known", async () => {
    await tried("berlin", "web01.berlin.example", { address: "10.1.0.1", kuid: kuidOf(1) });
    await enrolled(1, "web01.berlin.example");
    await tried("paris", "web01.paris.example", { address: "10.2.0.1" });
    expect(await known("web01")).toEqual({
      several: [`web01.berlin.example (${kuidOf(1)})`, "web01.paris.example (10.2.0.1)"],
    });
    for (const name of ["web01.berlin.example", "10.1.0.1", kuidOf(1)]) expect(await known(name)).toMatchObject(BERLIN);
    for (const name of ["web01.paris.example", "10.2.0.1"]) {
      expect(await known(name)).toMatchObject({ result: { configuration: "paris" } });
      expect(await known(name)).not.toHaveProperty("device.kuid");
    }
  });

  it("devices and results are named, whichever of both there are", async () => {
    await enrolled(1, "web01.berlin.example");
    await enrolled(2, "web01.paris.example");
    expect((await known("web01")).several).toHaveLength(2);
    await tried("berlin", "web02.berlin.example");
    await tried("paris", "web02.paris.example");
    expect(await known("web02")).toEqual({ several: ["web02.berlin.example", "web02.paris.example"] });
  });

  it("the last result of another one is not shown, though nothing but its KUID tells it", async () => {
    await enrolled(1, "web01.berlin.example", ["10.1.0.1"]);
    await tried("paris", "web01", { address: "10.2.0.1", kuid: kuidOf(2) });
    expect(await known("web01")).toEqual({ device: expect.objectContaining({ kuid: kuidOf(1) }) });
    await tried("berlin", "10.1.0.1");
    expect(await known("web01.berlin.example")).toMatchObject({ device: { kuid: kuidOf(1) } });
    expect(await known("10.1.0.1")).toMatchObject(BERLIN);
  });
});

it("a machine that was set up anew is the one that came last, with the last result of both", async () => {
  await enrolled(1, "web01.berlin.example");
  await enrolled(2, "web01.berlin.example");
  await tried("berlin", "web01.berlin.example", { kuid: kuidOf(1) });
  expect(await known("web01")).toMatchObject({ device: {}, result: { configuration: "berlin" } });
});

it("a result without an agent's identity is that of the only device of its name", async () => {
  await enrolled(1, "web01");
  await tried("berlin", "web01.berlin.example", { address: "10.1.0.1" });
  expect(await known("web01")).toMatchObject({ device: { kuid: kuidOf(1) }, result: { configuration: "berlin" } });
});

it("a whole name is that of the machine that has all of it, before one that says no domain", async () => {
  await tried("berlin", "10.1.0.1", { name: "web01.berlin.example" });
  await tried("paris", "web01", { address: "10.2.0.1" });
  expect(await known("web01.berlin.example")).toMatchObject({ result: { configuration: "berlin" } });
});
