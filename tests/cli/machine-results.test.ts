import { beforeEach, describe, expect, it } from "vitest";
import { type LocalAppliance, openLocal } from "../../provider/appliance/local/local.ts";
import type { NewOutcome } from "../../provider/appliance/operations/outcomes.ts";
import { device, kuidOf } from "../appliance/devices.ts";
import { newFolder } from "../appliance/local/folders.ts";
import { kaceIn } from "./local-kace.ts";

const outcome = (machine: string, more: Partial<NewOutcome>): NewOutcome => ({
  machine,
  target: machine,
  action: "install",
  class: "succeeded",
  code: "installed",
  message: "installed and connected",
  durationMs: 1,
  ...more,
});

const REFUSED = {
  action: "none",
  class: "unreachable",
  code: "auth-failed",
  message: "the log-in of root was refused",
  hint: "look at the user and its key",
} as const;

let folder: string;
let appliance: LocalAppliance;

async function run(outcomes: readonly NewOutcome[], configurationId = "config-1"): Promise<void> {
  const { runId } = await appliance.startRun({
    configurationId,
    kind: "up",
    total: outcomes.length,
    holder: "a test",
  });
  await appliance.recordOutcomes({ runId, outcomes: [...outcomes] });
  const none = { succeeded: 0, unchanged: 0, removed: 0, absent: 0, unreachable: 0, failed: 0, notAttempted: 0 };
  await appliance.finishRun({ runId, summary: { total: outcomes.length, ...none, percentSucceeded: 0 } });
}

beforeEach(async () => {
  folder = newFolder();
  appliance = await openLocal({ folder });
  await appliance.saveConfiguration({ id: "config-1", name: "fleet", description: { targets: "10.0.0.1-9" } });
  await appliance.enrolDevice(device(7, { hostname: "db.corp.example", addresses: ["10.0.0.7", "192.0.2.7"] }));
  await appliance.enrolDevice(device(8, { hostname: "mail", addresses: ["10.0.0.8"] }));
  await run([
    outcome("10.0.0.1", { name: "Web01.corp.example", log: "[install] unpacking" }),
    outcome("web02.corp.example", { address: "10.0.0.2", ...REFUSED }),
    outcome("10.0.0.7", { kuid: kuidOf(7) }),
    outcome("10.0.0.8", { class: "failed", code: "no-space", message: "the disk is full" }),
  ]);
  return () => appliance.close();
});

describe("the results of a machine", () => {
  it.each([
    ["as its configuration names it", "10.0.0.1", "10.0.0.1"],
    ["by its host name, in any case", "WEB01.CORP.example", "10.0.0.1"],
    ["by its host name without the domain", "web01", "10.0.0.1"],
    ["by its address", "10.0.0.2", "web02.corp.example"],
    ["by the host name of its device", "db", "10.0.0.7"],
    ["by the KUID of its device", kuidOf(7), "10.0.0.7"],
    ["by another address of its device", "192.0.2.7", "10.0.0.7"],
    ["by a device that the run did not know yet", "mail", "10.0.0.8"],
  ])("are shown %s", async (_how, said, machine) => {
    const shown: { machine: string }[] = JSON.parse((await kaceIn(folder, "--json", "results", "--machine", said)).out);
    expect(shown.map((one) => one.machine)).toEqual([machine]);
    const log: { machine: string } = JSON.parse((await kaceIn(folder, "--json", "logs", said)).out);
    expect(log.machine).toBe(machine);
  });

  it("are narrowed down by class and code, whatever it is named by", async () => {
    for (const said of ["10.0.0.8", "mail"]) {
      expect((await kaceIn(folder, "results", "--machine", said)).exitCode).toBe(3);
      expect((await kaceIn(folder, "results", "--machine", said, "--class", "failed")).exitCode).toBe(3);
      const none = { exitCode: 0, out: "", err: "there are no such results" };
      expect(await kaceIn(folder, "results", "--machine", said, "--class", "succeeded")).toEqual(none);
      expect(await kaceIn(folder, "results", "--machine", said, "--code", "port-closed")).toEqual(none);
    }
  });

  it("stand in the place of a log where its log-in was refused, with the repair", async () => {
    const { exitCode, out, err } = await kaceIn(folder, "logs", "web02");
    expect(exitCode).toBe(0);
    expect(out.split("\n")).toEqual([
      expect.stringMatching(/^web02\.corp\.example, configuration fleet, \S+Z: unreachable \(auth-failed\)$/),
      "  the log-in of root was refused",
      "  look at the user and its key",
    ]);
    expect(err).toBe("nothing was done on web02, so there is no log of it");
  });

  it("stand before an older log that the last run could not add to", async () => {
    await run([outcome("10.0.0.1", REFUSED)]);
    expect((await kaceIn(folder, "logs", "10.0.0.1")).out.split("\n")).toEqual([
      expect.stringMatching(/^10\.0\.0\.1, configuration fleet, \S+Z: unreachable \(auth-failed\)$/),
      "  the log-in of root was refused",
      "  look at the user and its key",
      expect.stringMatching(/^10\.0\.0\.1, configuration fleet, \S+Z$/),
      "[install] unpacking",
    ]);
  });

  it("are those of all configurations, whichever of its names the machine is called by", async () => {
    await appliance.saveConfiguration({ id: "config-2", name: "names", description: { targets: "by name" } });
    await run([outcome("web01.corp.example", { address: "10.0.0.1", log: "[install] anew" })], "config-2");
    for (const said of ["10.0.0.1", "web01.corp.example", "WEB01.corp.example", "web01"]) {
      const shown: { machine: string }[] = JSON.parse(
        (await kaceIn(folder, "--json", "results", "--machine", said)).out,
      );
      expect(shown.map(({ machine }) => machine)).toEqual(["10.0.0.1", "web01.corp.example"]);
      expect((await kaceIn(folder, "logs", said)).out).toMatch(/^web01\.corp\.example, .*\n\[install\] anew$/);
    }
  });

  it("are all listed where several machines have the name, of which a log is asked for by another one", async () => {
    await run([outcome("web01.paris.example", { address: "10.2.0.1", kuid: kuidOf(9), log: "[install] there" })]);
    const shown: { machine: string }[] = JSON.parse(
      (await kaceIn(folder, "--json", "results", "--machine", "web01")).out,
    );
    expect(shown.map(({ machine }) => machine)).toEqual(["10.0.0.1", "web01.paris.example"]);
    expect(await kaceIn(folder, "logs", "web01")).toEqual({
      exitCode: 2,
      out: "",
      err: `kace: 2 machines are called web01\n  say which one by its whole name, its address or its KUID: 10.0.0.1 (Web01.corp.example), web01.paris.example (10.2.0.1, ${kuidOf(9)})`,
    });
    for (const said of ["web01.paris.example", "10.2.0.1"])
      expect((await kaceIn(folder, "logs", said)).out).toContain("[install] there");
  });
});
