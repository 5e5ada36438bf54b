import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lengthOf } from "../../provider/cli/commands/settings.ts";
import { runKace } from "../../provider/cli/program.ts";
import { device, kuidOf } from "../appliance/devices.ts";
import { startTestServer, type TestServer } from "../appliance/server/running.ts";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ loadAverage: () => 12.34 });
});
afterEach(() => server.remove());

async function kace(...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const world = { terminal, environment: {}, signal: new AbortController().signal };
  const exitCode = await runKace(["--database", server.folder, ...args], world);
  return { exitCode, out: out.join("\n"), err: err.join("\n") };
}

/** The value of a setting in the table, and whether it was set. */
function rowOf(table: string, name: string): string[] {
  const line = table.split("\n").find((text) => text.startsWith(name)) ?? "";
  return line.slice(name.length).trim().split(/ {2,}/);
}

describe("kace settings", () => {
  it("shows what holds, what was set, and the load", async () => {
    const { exitCode, out } = await kace("settings", "show");
    expect(exitCode).toBe(0);
    expect(rowOf(out, "communications window")).toEqual(["always", "default"]);
    expect(rowOf(out, "run interval")).toEqual(["1h", "default"]);
    expect(rowOf(out, "inventory interval")).toEqual(["at every check-in", "default"]);
    expect(rowOf(out, "last task throughput update")).toEqual(["never"]);
    expect(out).toMatch(/^load average +\d+\.\d \(normal up to 10\.0\)$/m);
  });

  it("changes some of them, and gives defaults back", async () => {
    const set = ["--window", "22:00-06:00", "--run-interval", "90m", "--inventory-interval", "3h"];
    const changed = await kace("settings", "set", ...set, "--splash-text", "Bitte warten", "--log-retention", "off");
    expect(changed.exitCode, changed.err).toBe(0);
    expect(rowOf(changed.out, "communications window")).toEqual(["22:00 to 06:00", "set"]);
    expect(rowOf(changed.out, "run interval")).toEqual(["1h 30m", "set"]);
    expect(rowOf(changed.out, "splash text")).toEqual(["Bitte warten", "set"]);
    const back = await kace(
      "settings",
      "set",
      "--window",
      "default",
      "--log-retention",
      "default",
      "--max-check-ins",
      "9",
    );
    expect(rowOf(back.out, "communications window")).toEqual(["always", "default"]);
    expect(rowOf(back.out, "run interval")).toEqual(["1h 30m", "set"]);
    expect(rowOf(back.out, "check-ins an hour, at most")).toEqual(["9", "set"]);
    await kace("settings", "reset");
    expect(await server.appliance.getSettings({})).toMatchObject({
      exists: false,
      given: {},
      appliance: { maxCheckInsPerHour: 500 },
    });
  });

  it("says that agents would check in too often, and the interval that would not, as the preview does", async () => {
    for (const number of [1, 2, 3]) {
      await server.appliance.enrolDevice(device(number));
      await server.appliance.setDeviceState({ kuid: kuidOf(number), state: "approved" });
    }
    const overload = (every: string, total: number, limit: number, hours: number) =>
      `3 machines that check in every ${every} bring all agents to ${total} check-ins an hour, and the limit is ${limit}; "${hours}h" keeps to it`;
    const said = async (...args: readonly string[]) => {
      const { exitCode, err } = await kace("settings", ...args);
      return { exitCode, err };
    };
    expect(await said("set", "--max-check-ins", "2")).toEqual({ exitCode: 0, err: overload("1h", 3, 2, 2) });
    expect(await said("set", "--run-interval", "2h")).toEqual({ exitCode: 0, err: "" });
    expect(await said("set", "--run-interval", "30m")).toEqual({ exitCode: 0, err: overload("30m", 6, 2, 2) });
    expect(await said("set", "--splash-text", "wait")).toEqual({ exitCode: 0, err: "" });
  });

  it("says whose the settings are that it changes", async () => {
    await server.appliance.updateSettings({ urn: "urn:pulumi:dev::site::kace:index:AgentSettings::agents" });
    const { exitCode, err } = await kace("settings", "set", "--run-interval", "2h");
    expect(exitCode).toBe(0);
    expect(err).toContain("these settings belong to urn:pulumi:dev::site::kace:index:AgentSettings::agents");
  });

  it("shows the load of the server's host where the appliance is behind a server", async () => {
    const lines: string[] = [];
    const terminal = { out: (text: string) => void lines.push(text), err: (text: string) => void lines.push(text) };
    const environment = { KACE_API_TOKEN: await server.apiToken() };
    const options = ["--endpoint", server.endpoint, "--ca-certificate", `${server.folder}/certificates/ca.pem`];
    const world = { terminal, environment, signal: new AbortController().signal };
    expect(await runKace([...options, "settings", "show"], world)).toBe(0);
    expect(rowOf(lines.join("\n"), "load average")).toEqual(["12.3 (normal up to 10.0)"]);
    expect(await runKace([...options, "settings", "set", "--task-throughput", "51"], world)).toBe(1);
    expect(lines.join("\n")).toContain("the load average of the appliance is 12.3");
  });

  it.each<[readonly string[], 1 | 2, string]>([
    [["set"], 2, "nothing is said to be set"],
    [["set", "--window", "night"], 2, "A window is two times of day, such as 22:00-06:00."],
    [["set", "--window", "06:00-06:00"], 2, 'kace: --window: a whole day is said as from "00:00" to "00:00"'],
    [["set", "--run-interval", "soon"], 2, "A duration is a number and a unit"],
    [["set", "--run-interval", "0s"], 2, "kace: --run-interval: expected from 60 (1m) to 2592000 (30d) seconds"],
    [["set", "--run-interval", "8760h"], 2, "kace: --run-interval: expected from 60 (1m) to 2592000 (30d) seconds"],
    [["set", "--task-throughput", "much"], 2, "Expected a whole number from 1 on."],
    [["set", "--log-retention", "some"], 2, "Allowed choices are saveAll, off, default."],
  ])("%j is refused, and says why", async (args, exitCode, sentence) => {
    const said = await kace("settings", ...args);
    expect(said.exitCode).toBe(exitCode);
    expect(said.err).toContain(sentence);
    expect(await server.appliance.getSettings({})).toMatchObject({ exists: false });
  });
});

it.each([
  [0, "0s"],
  [60, "1m"],
  [5_400, "1h 30m"],
  [86_400, "24h"],
  [3_661, "1h 1m 1s"],
])("%i seconds are shown as %s", (seconds, text) => {
  expect(lengthOf(seconds)).toBe(text);
});
