import { expect, it } from "vitest";
import type { LocalAppliance } from "../../provider/appliance/local/local.ts";
import { DEFAULT_AGENT_SETTINGS } from "../../provider/appliance/operations/settings.ts";
import { device } from "../appliance/devices.ts";
import { Project, ref } from "../e2e/project.ts";
import { using } from "./behind-its-back.ts";
import { KACE } from "./kace-plugin.ts";

/** Many runs of the CLI one after the other, on a machine that may be busy. */
const SLOW = { timeout: 900_000 };

const settingsOf = (project: Project) => using(project, (appliance) => appliance.getSettings({}));

function settings(properties: object) {
  return { type: "kace:AgentSettings", properties: { ...properties } };
}

async function enrol(appliance: LocalAppliance, count: number): Promise<void> {
  const { value } = await appliance.createToken({ name: "fleet" });
  for (let number = 1; number <= count; number++) {
    await appliance.enrolDevice(device(number, { token: value }));
  }
}

it(
  "settings belong to one resource: taken over, changed, found changed by others, refused to a second one, imported, given back",
  SLOW,
  async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    const window = { from: "22:00", to: "06:00" };
    await using(project, (appliance) => appliance.updateSettings({ runIntervalSeconds: 120, logRetention: "off" }));

    // What people set before is taken over, and is then as the program says.
    await project.write({ resources: { agents: settings({ communicationsWindow: window, runInterval: "120m" }) } });
    expect(await project.succeed(["preview"])).toContain("kace:index:AgentSettings agents create");
    expect((await settingsOf(project)).effective.runIntervalSeconds).toBe(120);
    await project.up();
    expect(await settingsOf(project)).toMatchObject({
      exists: true,
      given: { communicationsWindow: window, runIntervalSeconds: 7_200 },
      effective: { ...DEFAULT_AGENT_SETTINGS, communicationsWindow: window, runIntervalSeconds: 7_200 },
    });
    expect((await project.recordedAs("agents")).id).toBe("default");
    await project.expectSettled();

    // A second resource is refused, and the first one's name is said.
    const { urn } = await project.recordedAs("agents");
    const agents = settings({ communicationsWindow: window, runInterval: "120m" });
    await project.write({ resources: { agents, others: settings({ runInterval: "1h" }) } });
    expect(await project.fail(["preview"])).toContain('is the AgentSettings of organization "default" as well');
    await project.write({ resources: { others: settings({ runInterval: "1h" }) } });
    expect(await project.fail(["preview"])).toContain(`belong to ${urn} already`);
    expect(await project.fail(["up", "--yes", "--skip-preview"])).toContain(`belong to ${urn} already`);
    expect((await settingsOf(project)).effective.runIntervalSeconds).toBe(7_200);
    const taking = ["import", "kace:index:AgentSettings", "others", "default", "--yes", "--generate-code=false"];
    expect(await project.fail(taking)).toContain(`belong to ${urn} already`);
    const lookedUp = { type: "kace:AgentSettings", get: { id: "default" } };
    await project.write({ resources: { agents, lookedUp }, outputs: { interval: ref("lookedUp.runInterval") } });
    await project.up();
    expect((await project.recordedAs("lookedUp")).outputs).toMatchObject({ managedBy: urn, runInterval: "2h" });

    // Somebody else changes what the program says and what it does not say.
    await project.write({ resources: { agents } });
    await using(project, (appliance) =>
      appliance.updateSettings({ runIntervalSeconds: 60, splashText: "Bitte warten" }),
    );
    expect(await project.succeed(["refresh", "--yes", "--skip-preview", "--diff"])).toMatch(/runInterval|splashText/);
    const { agents: drifted } = await project.plan();
    expect(Object.keys(drifted?.detailedDiff ?? {}).sort()).toEqual(["runInterval", "splashText"]);
    await project.up();
    expect((await settingsOf(project)).effective).toEqual({
      ...DEFAULT_AGENT_SETTINGS,
      communicationsWindow: window,
      runIntervalSeconds: 7_200,
    });
    await project.expectSettled();

    // Another name of the resource changes nothing about whose they are: not for a refresh, and not for what comes after.
    const renamed = { ...agents, options: { aliases: [{ name: "agents" }] } };
    await project.write({ resources: { renamed } });
    await project.up();
    await project.expectSettled();
    expect((await project.recordedAs("renamed")).outputs).toMatchObject({ managedBy: urn });
    const slower = { ...renamed, properties: { ...agents.properties, runInterval: "3h" } };
    await project.write({ resources: { renamed: slower } });
    expect(await project.succeed(["preview"])).toContain("kace:index:AgentSettings renamed update");
    await project.up();
    const again = await project.recordedAs("renamed");
    expect(again.outputs).toMatchObject({ managedBy: again.urn });
    expect(await settingsOf(project)).toMatchObject({ urn: again.urn, effective: { runIntervalSeconds: 10_800 } });
    await project.write({ resources: { agents: { ...agents, options: { aliases: [{ name: "renamed" }] } } } });
    await project.up();
    expect(await settingsOf(project)).toMatchObject({ urn, effective: { runIntervalSeconds: 7_200 } });

    // Out of the state and in again by the name of the organization: nothing is left to do.
    await project.succeed(["state", "delete", urn, "--yes"]);
    await project.write({});
    const imported = [
      "kace:index:AgentSettings",
      "agents",
      "default",
      "--yes",
      "--protect=false",
      "--generate-code=false",
    ];
    await project.succeed(["import", ...imported]);
    expect((await project.recordedAs("agents")).inputs).toMatchObject({
      communicationsWindow: window,
      runInterval: "2h",
    });
    await project.write({ resources: { agents: settings({ communicationsWindow: window, runInterval: "2h" }) } });
    await project.expectSettled();

    await project.succeed(["destroy", "--yes", "--skip-preview"]);
    const left = await settingsOf(project);
    expect(left).toMatchObject({ exists: false, given: {}, effective: DEFAULT_AGENT_SETTINGS });
    expect(left.urn).toBeUndefined();
    expect(await project.fail(["import", ...imported])).toContain("does not exist");
  },
);

it(
  "a throughput falls at any time, and an up that raises it too early says when it may and changes nothing",
  SLOW,
  async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    await project.write({ resources: { agents: settings({ taskThroughput: 40 }) } });
    await project.up();
    const { taskThroughput, taskThroughputUpdatedAt = "" } = (await settingsOf(project)).appliance;
    expect(taskThroughput).toBe(40);
    await project.write({ resources: { agents: settings({ taskThroughput: 60, logRetention: "off" }) } });
    const said = await project.fail(["up", "--yes", "--skip-preview"]);
    const mayRise = new Date(Date.parse(taskThroughputUpdatedAt) + 15 * 60_000).toISOString();
    expect(said).toContain("taskThroughput: ");
    expect(said).toContain(`try again after ${mayRise}`);
    expect(await settingsOf(project)).toMatchObject({ given: {}, appliance: { taskThroughput: 40 } });
    await project.write({ resources: { agents: settings({ taskThroughput: 30, logRetention: "off" }) } });
    await project.up();
    expect(await settingsOf(project)).toMatchObject({
      given: { logRetention: "off" },
      appliance: { taskThroughput: 30 },
    });
    await project.expectSettled();
    expect(await project.succeed(["destroy", "--yes", "--skip-preview"])).toContain("stays as low as it is");
    expect((await settingsOf(project)).appliance.taskThroughput).toBe(30);
  },
);

it(
  "a preview warns of a fleet that would check in too often, and names the interval that would not",
  SLOW,
  async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    await using(project, (appliance) => enrol(appliance, 7));
    await project.write({ resources: { agents: settings({ runInterval: "1h", maxCheckInsPerHour: 3 }) } });
    const said = await project.succeed(["preview"]);
    expect(said).toContain("7 machines that check in every 1h bring all agents to 7 check-ins an hour");
    expect(said).toContain('the limit is 3; "3h" keeps to it');
    await project.write({ resources: { agents: settings({ runInterval: "3h", maxCheckInsPerHour: 3 }) } });
    expect(await project.succeed(["preview"])).not.toContain("keeps to it");
  },
);

it("the settings of another organization are its own, and what is the appliance's is refused there", SLOW, async () => {
  const project = await Project.yaml({}, { plugin: KACE });
  await using(project, (appliance) => appliance.createOrganization({ name: "berlin" }));
  await project.configure({ "kace:organization": "berlin" });
  await project.write({ resources: { agents: settings({ runInterval: "2h", taskThroughput: 10 }) } });
  const refused = await project.fail(["preview"]);
  expect(refused).toContain("taskThroughput");
  expect(refused).toContain('not one of organization "berlin"');
  await project.write({ resources: { agents: settings({ runInterval: "2h" }) } });
  await project.up();
  expect((await project.recordedAs("agents")).id).toBe("berlin");
  const ofBerlin = () => using(project, (appliance) => appliance.getSettings({ organization: "berlin" }));
  expect(await ofBerlin()).toMatchObject({ effective: { runIntervalSeconds: 7_200 } });
  expect(await settingsOf(project)).toMatchObject({ exists: false, effective: DEFAULT_AGENT_SETTINGS });
  await project.expectSettled();
  await project.succeed(["destroy", "--yes", "--skip-preview"]);
  expect(await ofBerlin()).toMatchObject({ exists: false });
});

it("settings that cannot be are refused in the preview, each at its place", SLOW, async () => {
  const project = await Project.yaml({}, { plugin: KACE });
  for (const [properties, ...sentences] of [
    [
      { communicationsWindow: { from: "06:00", to: "06:00" } },
      "communicationsWindow.to",
      "either nothing or a whole day",
    ],
    [{ communicationsWindow: { from: "25:00", to: "06:00" } }, "communicationsWindow.from", 'from "00:00" to "23:59"'],
    [{ communicationsWindow: { from: "22:00" } }, "communicationsWindow", "to"],
    [{ runInterval: "0s" }, "runInterval", 'from "1m" to "30d"'],
    [{ runInterval: "365d" }, "runInterval", 'from "1m" to "30d"'],
    [{ runInterval: "90.5s" }, "runInterval", "in whole seconds"],
    [{ inventoryInterval: "30s" }, "inventoryInterval", '"0s" for every check-in'],
    [{ scriptingUpdateInterval: "1y" }, "scriptingUpdateInterval", "a duration"],
    [{ splashText: "x".repeat(256) }, "splashText", "255"],
    [{ logRetention: "some" }, "logRetention", "saveAll"],
    [{ taskThroughput: 0 }, "taskThroughput", "at least 1"],
    [{ maxCheckInsPerHour: 0 }, "maxCheckInsPerHour", "at least 1"],
  ] as const) {
    await project.write({ resources: { agents: settings(properties) } });
    const said = await project.fail(["preview"]);
    for (const sentence of sentences) expect(said, JSON.stringify(properties)).toContain(sentence);
  }
  expect(await settingsOf(project)).toMatchObject({ exists: false, revision: 0 });
});
