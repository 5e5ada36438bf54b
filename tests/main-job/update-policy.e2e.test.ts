import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import type { LocalAppliance } from "../../provider/appliance/local/local.ts";
import { DEFAULT_UPDATE_POLICY } from "../../provider/appliance/operations/update-policy.ts";
import { device } from "../appliance/devices.ts";
import { Project } from "../e2e/project.ts";
import { using } from "./behind-its-back.ts";
import { KACE } from "./kace-plugin.ts";

/** Many runs of the CLI one after the other, on a machine that may be busy. */
const SLOW = { timeout: 900_000 };

const policyOf = (project: Project) => using(project, (appliance) => appliance.getUpdatePolicy({}));

function policy(properties: object) {
  return { type: "kace:AgentUpdatePolicy", properties: { ...properties } };
}

async function enrol(appliance: LocalAppliance, count: number): Promise<void> {
  const { value } = await appliance.createToken({ name: "fleet" });
  for (let number = 1; number <= count; number++) await appliance.enrolDevice(device(number, { token: value }));
}

async function load(appliance: LocalAppliance, version: string): Promise<void> {
  const bytes = Buffer.from(`package ${version}`);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  async function* stream() {
    yield bytes;
  }
  await appliance.putPackage(sha256, bytes.length, stream());
  const fileName = `kace-reference-agent_${version}_amd64.deb`;
  const file = { fileName, platform: "linux", architecture: "amd64", format: "deb", version };
  await appliance.saveBundle({
    name: `agents ${version}`,
    version,
    flavour: "reference",
    packages: [{ ...file, sha256, sizeBytes: bytes.length }],
  });
}

it(
  "an update policy belongs to one resource: taken over, changed, found changed by others, refused to a second one, imported, given back",
  SLOW,
  async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    await using(project, async (appliance) => {
      await enrol(appliance, 3);
      await load(appliance, "1.5.0");
      await appliance.saveUpdatePolicy({ notes: "set by hand" });
    });
    const properties = {
      enabled: true,
      machines: ["web1", "web2"],
      windows: [{ from: "22:00", to: "06:00" }],
      blackoutDates: [{ from: "12-24", to: "01-02", name: "Christmas" }, { from: "10-03" }],
      timezone: "Europe/Berlin",
      rollout: [{ percent: 100, after: "90m" }],
      maxFailures: "20%",
    };

    // What people set before is taken over; the preview says whom the policy cannot reach.
    await project.write({ resources: { updates: policy(properties) } });
    const planned = await project.succeed(["preview"]);
    expect(planned).toContain("2 of 2 machines cannot be reached, because their agents are not connected: web1");
    expect(await policyOf(project)).toMatchObject({ given: { notes: "set by hand" } });
    await project.up();
    const set = await policyOf(project);
    expect(set.given).toEqual({
      enabled: true,
      machines: expect.arrayContaining(["web1", "web2"]),
      windows: [{ from: "22:00", to: "06:00" }],
      blackoutDates: [{ from: "12-24", to: "01-02", name: "Christmas" }, { from: "10-03" }],
      timezone: "Europe/Berlin",
      rollout: [{ percent: 100, afterSeconds: 5_400 }],
      maxFailures: "20%",
    });
    const recorded = await project.recordedAs("updates");
    expect(recorded.id).toBe("default");
    expect(recorded.outputs).toMatchObject({
      organization: "default",
      counts: { total: 3, meant: 2, right: 0, refused: 0, notConnected: 2 },
      distributionTimestamp: set.distributionTimestamp,
    });
    await project.expectSettled();

    // A second resource is refused, beside the first one and in its place, and the first one's name is said.
    const { urn } = recorded;
    const updates = policy(properties);
    await project.write({ resources: { updates, others: policy({ notes: "mine" }) } });
    expect(await project.fail(["preview"])).toContain('is the AgentUpdatePolicy of organization "default" as well');
    await project.write({ resources: { others: policy({ notes: "mine" }) } });
    expect(await project.fail(["preview"])).toContain(`belongs to ${urn} already`);
    expect(await project.fail(["up", "--yes", "--skip-preview"])).toContain(`belongs to ${urn} already`);
    const taking = ["import", "kace:index:AgentUpdatePolicy", "others", "default", "--yes", "--generate-code=false"];
    expect(await project.fail(taking)).toContain(`belongs to ${urn} already`);

    // Somebody else changes what the program says and what it does not say.
    await project.write({ resources: { updates } });
    await using(project, (appliance) => appliance.saveUpdatePolicy({ hold: true, maxFailures: 0 }));
    await project.succeed(["refresh", "--yes", "--skip-preview"]);
    const { updates: drifted } = await project.plan();
    expect(Object.keys(drifted?.detailedDiff ?? {}).sort()).toEqual(["hold", "maxFailures"]);
    await project.up();
    expect(await policyOf(project)).toMatchObject({ effective: { hold: false, maxFailures: "20%" } });
    await project.expectSettled();

    // Another name of the resource changes nothing about whose it is.
    const renamed = { ...updates, options: { aliases: [{ name: "updates" }] } };
    await project.write({ resources: { renamed } });
    await project.up();
    await project.expectSettled();
    await project.write({
      resources: {
        updates: { ...policy({ ...properties, notes: "renamed" }), options: { aliases: [{ name: "renamed" }] } },
      },
    });
    await project.up();
    expect(await policyOf(project)).toMatchObject({ urn, given: { notes: "renamed" } });
    await project.write({ resources: { updates } });
    await project.up();

    // Out of the state and in again by the name of the organization: nothing is left to do.
    await project.succeed(["state", "delete", urn, "--yes"]);
    await project.write({});
    const options = ["--yes", "--protect=false", "--generate-code=false"];
    const imported = ["import", "kace:index:AgentUpdatePolicy", "updates", "default", ...options];
    await project.succeed(imported);
    await project.write({ resources: { updates } });
    await project.expectSettled();

    await project.succeed(["destroy", "--yes", "--skip-preview"]);
    const left = await policyOf(project);
    expect(left).toMatchObject({ exists: false, given: {}, effective: DEFAULT_UPDATE_POLICY });
    expect(left.urn).toBeUndefined();
    expect(await project.fail(imported)).toContain("does not exist");
  },
);

it(
  "an update policy that cannot be is refused in the preview, at its place, and nothing is changed",
  SLOW,
  async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    await using(project, async (appliance) => {
      await enrol(appliance, 2);
      await load(appliance, "1.5.0");
    });
    const night = { from: "22:00", to: "06:00" };
    for (const [properties, ...sentences] of [
      [{ enabled: true }, "enabled", "it would be for nobody"],
      [
        { enabled: true, filter: { all: [{ property: "hostname", operator: "matches", value: "*" }] } },
        "allMachines",
        "it is for all 2 machines that there are",
      ],
      [{ blackoutDates: [{ from: "02-30" }] }, "blackoutDates[0].from", "there is no 30 february"],
      [{ blackoutDates: [{ from: "12-24", to: "12-23" }] }, "blackoutDates", "no day of the year"],
      [{ windows: [night, { from: "05:00", to: "07:00" }] }, "windows[1]", "it overlaps windows[0]"],
      [
        {
          rollout: [
            { percent: 10, after: "24h" },
            { percent: 50, after: "1h" },
          ],
        },
        "rollout[1].after",
        "a later time",
      ],
    ] as const) {
      await project.write({ resources: { updates: policy(properties) } });
      const said = await project.fail(["preview"]);
      for (const sentence of sentences) expect(said, JSON.stringify(properties)).toContain(sentence);
    }
    // What may still come to be is a warning in the preview, and an error once it is needed.
    await project.write({ resources: { updates: policy({ version: "9.9.9" }) } });
    expect(await project.succeed(["preview"])).toContain("version 9.9.9 is in no loaded bundle");
    const refused = await project.fail(["up", "--yes", "--skip-preview"]);
    expect(refused).toContain("version 9.9.9 is in no loaded bundle");
    await project.write({ resources: { updates: policy({ labels: ["berlin"] }) } });
    expect(await project.succeed(["preview"])).toContain(
      'labels[0]: there is no label "berlin" yet: unless the same update makes it first, it is refused',
    );
    expect(await project.fail(["up", "--yes", "--skip-preview"])).toContain('labels[0]: there is no label "berlin"');
    expect(await policyOf(project)).toMatchObject({ exists: false, revision: 0 });
  },
);
