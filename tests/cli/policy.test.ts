import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runKace } from "../../provider/cli/program.ts";
import { device } from "../appliance/devices.ts";
import { startTestServer, type TestServer } from "../appliance/server/running.ts";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.remove());

async function kace(...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const world = { terminal, environment: {}, signal: new AbortController().signal };
  const exitCode = await runKace(["--database", server.folder, "policy", ...args], world);
  return { exitCode, out: out.join("\n"), err: err.join("\n") };
}

/** A value in the table, and whether it was set. */
function rowOf(table: string, name: string): string[] {
  const line = table.split("\n").find((text) => text.startsWith(name)) ?? "";
  return line.slice(name.length).trim().split(/ {2,}/);
}

async function enrol(count: number): Promise<void> {
  const { value } = await server.appliance.createToken({ name: "fleet" });
  for (let number = 1; number <= count; number++) await server.appliance.enrolDevice(device(number, { token: value }));
}

describe("kace policy", () => {
  it("changes some of it, shows what holds, and gives defaults back", async () => {
    await enrol(2);
    const set = ["set", "--enabled", "yes", "--machine", "web1", "--window", "22:00-06:00", "--max-failures", "5%"];
    const changed = await kace(...set, "--step", "10%@0h", "--step", "100%@24h", "--timezone", "Europe/Berlin");
    expect(changed.exitCode, changed.err).toBe(0);
    expect(rowOf(changed.out, "enabled")).toEqual(["yes", "set"]);
    expect(rowOf(changed.out, "machines")).toEqual(["web1", "set"]);
    expect(rowOf(changed.out, "windows")).toEqual(["22:00 to 06:00", "set"]);
    expect(rowOf(changed.out, "rollout")).toEqual(["10% after 0s, 100% after 24h", "set"]);
    expect(changed.err).toContain("--to: there is no version that `latest` means: no bundle is loaded");
    const back = await kace("set", "--window", "default", "--machine", "web2", "--enabled", "default");
    expect(rowOf(back.out, "windows")).toEqual(["always", "default"]);
    expect(rowOf(back.out, "machines")).toEqual(["web2", "set"]);
    expect(rowOf(back.out, "enabled")).toEqual(["no", "default"]);
    expect(rowOf((await kace("reset")).out, "machines")).toEqual(["none", "default"]);
    expect(await server.appliance.getUpdatePolicy({})).toMatchObject({ exists: false, given: {} });
  });

  it("says all that a policy can be, and gives each of it back", async () => {
    await enrol(2);
    const limits = ["--filter", "hostname matches web*", "--filter", "none: os.id equals windows", "--hold", "yes"];
    const hours = ["--window", "22:00-06:00@friday,Saturday", "--window", "01:00-02:00@monday"];
    const blackouts = ["--blackout", "23:00-23:30", "--blackout-dates", "12-24..01-02=Christmas", "--blackout-dates"];
    const { exitCode, out, err } = await kace("set", ...limits, ...hours, ...blackouts, "2031-10-03");
    expect(exitCode, err).toBe(0);
    expect((await server.appliance.getUpdatePolicy({})).given).toEqual({
      filter: {
        all: [{ property: "hostname", operator: "matches", value: "web*" }],
        none: [{ property: "os.id", operator: "equals", value: "windows" }],
      },
      hold: true,
      windows: [
        { from: "22:00", to: "06:00", days: ["friday", "saturday"] },
        { from: "01:00", to: "02:00", days: ["monday"] },
      ],
      blackoutWindows: [{ from: "23:00", to: "23:30" }],
      blackoutDates: [{ from: "12-24", to: "01-02", name: "Christmas" }, { from: "2031-10-03" }],
    });
    expect(rowOf(out, "blackout dates")).toEqual(["12-24 to 01-02 (Christmas); 2031-10-03", "set"]);
    const given = ["filter", "hold", "window", "blackout", "blackout-dates"].flatMap((name) => [
      `--${name}`,
      "default",
    ]);
    const back = await kace("set", ...given);
    expect(back.exitCode, back.err).toBe(0);
    expect((await server.appliance.getUpdatePolicy({})).given).toEqual({});
  });

  it("says which blackout holds, and until when nothing is begun", async () => {
    await enrol(1);
    await server.appliance.saveUpdatePolicy({
      enabled: true,
      allMachines: true,
      timezone: "UTC",
      blackoutDates: [{ from: "2000-01-01", to: "2999-12-31", name: "for ever" }],
    });
    const { err } = await kace("plan");
    expect(err).toBe(
      'the blackout "for ever" (2000-01-01 to 2999-12-31) holds until the end of 2999-12-31 (UTC): nothing is begun until 3000-01-01T00:00:00.000Z',
    );
  });

  it("is put on hold, and resumed", async () => {
    expect(rowOf((await kace("hold")).out, "hold")).toEqual(["yes", "set"]);
    expect(rowOf((await kace("show")).out, "on hold now")).toEqual(["somebody put it there"]);
    expect(rowOf((await kace("resume")).out, "hold")).toEqual(["no", "default"]);
    expect(rowOf((await kace("show")).out, "on hold now")).toEqual(["no"]);
  });

  it("says of every machine what becomes of it, and by its exit code that it cannot reach one", async () => {
    expect(await kace("plan")).toMatchObject({ exitCode: 0, err: "the update policy is for nobody" });
    await enrol(2);
    await server.appliance.saveUpdatePolicy({ enabled: true, allMachines: true });
    const { exitCode, out } = await kace("plan");
    expect(exitCode).toBe(3);
    expect(out).toMatch(
      /^web1\.corp\.example +1\.4\.2 .* refused: no-package .* no bundle of this kind of agent is loaded: .*`kace bundle load <name>`/m,
    );
  });

  it("says whose the policy is that it changes", async () => {
    await server.appliance.saveUpdatePolicy({ urn: "urn:pulumi:dev::site::kace:index:AgentUpdatePolicy::updates" });
    const { exitCode, err } = await kace("set", "--notes", "by hand");
    expect(exitCode).toBe(0);
    expect(err).toContain("this policy belongs to urn:pulumi:dev::site::kace:index:AgentUpdatePolicy::updates");
  });

  it.each<[readonly string[], 1 | 2, string]>([
    [["set"], 2, "nothing is said to be set"],
    [
      ["set", "--enabled", "yes"],
      2,
      "kace: --enabled: it would be for nobody: name `--label`, `--machine` or a `--filter`, or say `--all-machines yes`",
    ],
    [["set", "--enabled", "perhaps"], 2, "yes, no"],
    [["set", "--window", "night"], 2, "A window is two times of day, such as 22:00-06:00"],
    [["set", "--window", "22:00-06:00@someday"], 2, 'There is no day "someday": expected sunday'],
    [["set", "--blackout-dates", "Christmas"], 2, "such as 12-24..01-02 or 2026-10-03"],
    [["set", "--blackout-dates", "02-30"], 2, "kace: the 1st --blackout-dates: there is no 30 february"],
    [["set", "--blackout-dates", "01-01..12-31"], 2, "kace: --blackout-dates: they leave no day of the year"],
    [["set", "--filter", "web*"], 2, "A condition is a property, an operator and a value"],
    [["set", "--filter", "hostname resembles web"], 2, 'There is no operator "resembles": expected equals'],
    [["set", "--filter", "colour equals blue"], 2, 'There is no property "colour": expected hostname'],
    [["set", "--step", "half"], 2, "A step is a share in whole percents and a time in m, h or d, such as 10%@24h."],
    [["set", "--max-failures", "some"], 2, "Expected a whole number or a share, such as 10%."],
    [["set", "--window", "25:00-26:00"], 2, "kace: the 1st --window: expected a time of day"],
    [
      ["set", "--window", "22:00-06:00", "--window", "05:00-07:00"],
      2,
      "kace: the 2nd --window: it overlaps the 1st --window",
    ],
    [["set", "--version", "9"], 2, "takes versions by --to"],
    [["set", "--label", "nosuch"], 2, 'kace: the 1st --label: there is no label "nosuch"'],
    [["set", "--to", "9.9.9"], 2, "kace: --to: version 9.9.9 is in no loaded bundle"],
  ])("%j is refused, and says why", async (args, exitCode, sentence) => {
    const said = await kace(...args);
    expect(said.exitCode).toBe(exitCode);
    expect(said.err).toContain(sentence);
    expect(await server.appliance.getUpdatePolicy({})).toMatchObject({ exists: false });
  });
});
