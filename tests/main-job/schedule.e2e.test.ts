import { describe, expect, it } from "vitest";
import { Project } from "../e2e/project.ts";
import { using } from "./behind-its-back.ts";
import { KACE } from "./kace-plugin.ts";

/** Many runs of the CLI one after the other, on a machine that may be busy. */
const SLOW = { timeout: 900_000 };

/** A configuration whose one machine is on loopback, where nothing listens at that port. */
const FLEET = {
  name: "berlin",
  enabled: false,
  state: "removed",
  targets: { ips: ["127.0.0.1"] },
  server: { name: "kbox.example" },
  linux: { port: 1, password: { "fn::secret": "correct-horse" } },
  schedule: { every: "day", at: "2:30 AM", timezone: "Europe/Berlin" },
};

async function write(project: Project, changes: object = {}): Promise<void> {
  const properties = { ...FLEET, ...changes };
  await project.write({ resources: { fleet: { type: "kace:ProvisioningConfig", properties } } });
}

describe("the schedule of a ProvisioningConfig, by the real CLI", SLOW, () => {
  it("is kept with its log-in, follows every change, is imported with a copy, and goes with the resource", async () => {
    const project = await Project.yaml({}, { plugin: KACE, secrets: ["correct-horse", "battery-staple"] });
    await write(project);
    await project.up();
    await project.expectSettled();
    const { id = "" } = await project.recordedAs("fleet");
    const kept = () => using(project, async (appliance) => JSON.parse(await appliance.runInputs(id)));
    const shown = () => using(project, (appliance) => appliance.getConfiguration({ id }));
    expect(await kept()).toMatchObject({ linux: { password: "correct-horse" } });
    expect((await shown()).description.schedule).toEqual(FLEET.schedule);

    // Another password is kept for the runs; nobody sees an edit.
    const { updatedAt } = await shown();
    const linux = { ...FLEET.linux, password: { "fn::secret": "battery-staple" } };
    await write(project, { linux });
    await project.up();
    expect(await kept()).toMatchObject({ linux: { password: "battery-staple" } });
    expect((await shown()).updatedAt).toBe(updatedAt);

    await write(project, { linux, schedule: { every: "2 hours" } });
    const { fleet: changed } = await project.plan();
    expect(Object.keys(changed?.detailedDiff ?? {}).sort()).toEqual([
      "schedule.at",
      "schedule.every",
      "schedule.timezone",
    ]);
    await project.up();
    expect((await shown()).description.schedule).toEqual({ every: "2 hours" });

    const copy = await using(project, (appliance) => appliance.duplicateConfiguration({ id, name: "copy" }));
    const imported = await project.succeed(["import", "kace:index:ProvisioningConfig", "copy", copy.id, "--yes"]);
    expect(imported).toContain("2 hours");
    expect((await project.recordedAs("copy")).inputs).toMatchObject({ name: "copy", enabled: false });
    await project.succeed(["state", "delete", (await project.recordedAs("copy")).urn, "--yes", "--force"]);

    await write(project, { linux, schedule: undefined });
    await project.up();
    await expect(kept()).rejects.toThrow("has no schedule");
    await project.expectSettled();
    await write(project, { linux });
    await project.up();
    await project.succeed(["destroy", "--yes", "--skip-preview"]);
    const left = await using(project, async (appliance) => (await appliance.listSchedules({})).schedules);
    expect(left.map(({ name }) => name)).toEqual(["copy"]);
    await project.expectNoSecretInState();
  });

  it("keeps a credential that is added as one that is changed, and says so in the preview", async () => {
    const secrets = ["correct-horse", "battery-staple", "token-of-runs-canary"];
    const project = await Project.yaml({}, { plugin: KACE, secrets });
    const sudo = { ...FLEET.linux, become: { method: "sudo" } };
    await write(project, { linux: sudo });
    await project.up();
    const { id = "" } = await project.recordedAs("fleet");
    const kept = () => using(project, async (appliance) => JSON.parse(await appliance.runInputs(id)));
    const linux = { ...sudo, become: { method: "sudo", password: { "fn::secret": "battery-staple" } } };
    await write(project, { linux });
    const { fleet: added } = await project.plan();
    expect(added).toMatchObject({ op: "update", detailedDiff: { "linux.become.password": { kind: "add" } } });
    await project.up();
    expect(await kept()).toMatchObject({ linux: { become: { password: "battery-staple" } } });

    const agent = { deniedVersions: ["1.0.0"] };
    await write(project, { linux, agent });
    await project.up();
    const { updatedAt } = await using(project, (appliance) => appliance.getConfiguration({ id }));
    await write(project, { linux, agent: { ...agent, token: { "fn::secret": "token-of-runs-canary" } } });
    const { fleet: withToken } = await project.plan();
    expect(withToken).toMatchObject({ op: "update", detailedDiff: { "agent.token": { kind: "add" } } });
    await project.up();
    expect(await kept()).toMatchObject({ agent: { token: "token-of-runs-canary" } });
    // No machine has anything to do for it.
    expect((await using(project, (appliance) => appliance.getConfiguration({ id }))).updatedAt).toBe(updatedAt);
    await project.expectSettled();
    await project.expectNoSecretInState();
  });

  it("is imported while it is enabled: no machine is contacted before the program says how to log in", async () => {
    const project = await Project.yaml({}, { plugin: KACE, secrets: ["correct-horse"] });
    const enabled = { enabled: true, rollout: { maxUnreachable: "100%" } };
    await write(project, enabled);
    await project.up();
    const { id = "", urn } = await project.recordedAs("fleet");
    const runs = () => using(project, async (appliance) => (await appliance.listRuns({ configurationId: id })).runs);
    const before = (await runs()).length;
    await project.succeed(["state", "delete", urn, "--yes"]);
    await project.write({});
    const importing = ["import", "kace:index:ProvisioningConfig", "fleet", id, "--yes", "--protect=false"];
    expect(await project.succeed([...importing, "--generate-code=false"])).toContain("there is nothing to log in with");
    expect((await project.recordedAs("fleet")).inputs).toMatchObject({ enabled: true, schedule: FLEET.schedule });
    const kept = async () => JSON.parse(await using(project, (appliance) => appliance.runInputs(id)));
    // The copy in the state knows no log-in; the runs by schedule keep the one they have.
    expect(await kept()).toMatchObject({ linux: { password: "correct-horse" } });
    expect(await runs()).toHaveLength(before);
    // Its last run left a machine that is not right, so the next one works on it at once.
    await write(project, enabled);
    await project.up();
    expect(await runs()).toHaveLength(before + 1);
    expect(await kept()).toMatchObject({ linux: { password: "correct-horse" } });
    await project.expectNoSecretInState();
  });

  it("keeps the token that its runs bring from being deleted, until they bring none", async () => {
    const VALUE = "token-of-runs-canary";
    const project = await Project.yaml({}, { plugin: KACE, secrets: ["correct-horse", VALUE] });
    const token = { type: "kace:AgentToken", properties: { name: "runs", adoptValue: { "fn::secret": VALUE } } };
    // By its text, so that the engine knows of no order between the two.
    const properties = { ...FLEET, agent: { token: { "fn::secret": VALUE } } };
    const fleet = { type: "kace:ProvisioningConfig", properties };
    await project.write({ resources: { token, fleet } });
    await project.up();
    await project.write({ resources: { fleet } });
    expect(await project.fail(["up", "--yes", "--skip-preview"])).toContain(
      'the token "runs" cannot be deleted: it is used by configuration "berlin"',
    );
    const tokens = () => using(project, async (appliance) => (await appliance.listTokens({})).tokens);
    expect(await tokens()).toMatchObject([{ name: "runs" }]);
    await project.write({ resources: { fleet: { ...fleet, properties: FLEET } } });
    await project.up();
    expect(await tokens()).toEqual([]);
    await project.expectNoSecretInState();
  });

  it("is warned about in a preview where no `kace serve` would keep it", async () => {
    const project = await Project.yaml({}, { plugin: KACE, secrets: ["correct-horse"] });
    await write(project, { enabled: true });
    expect(await project.succeed(["preview"])).toContain("no `kace serve` runs on this appliance to keep it");
    await write(project, { enabled: true, schedule: undefined });
    expect(await project.succeed(["preview"])).not.toContain("no `kace serve` runs");
  });

  it("is refused at its exact path where it is wrong, would never fire, or nobody could log in", async () => {
    const project = await Project.yaml({}, { plugin: KACE, secrets: ["correct-horse"] });
    const cases: readonly (readonly [object, string, string])[] = [
      [
        { schedule: { every: "february", day: 31, at: "1:00" } },
        "schedule.day",
        "there is never a 31 February, so it would never run",
      ],
      [
        { schedule: { every: "day", at: "1:00", timezone: "Europe/Berlni" } },
        "schedule.timezone",
        'did you mean "Europe/Berlin"?',
      ],
      [{ schedule: { every: "0 minutes" } }, "schedule.every", "the least is 1 minute"],
      [{ schedule: { every: "15 minutes", at: "1:00" } }, "schedule.at", "means nothing to an interval"],
      [{ schedule: { every: "day", at: "25:00" } }, "schedule.at", "expected a time of day"],
      [{ linux: { agentSocket: "/run/agent" } }, "linux.agentSocket", "an ssh agent cannot serve a `schedule`"],
    ];
    for (const [changes, path, reason] of cases) {
      await write(project, changes);
      const output = await project.fail(["preview"]);
      expect(output).toContain(path);
      expect(output).toContain(reason);
    }
  });
});
