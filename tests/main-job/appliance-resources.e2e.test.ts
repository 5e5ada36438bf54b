import { describe, expect, it } from "vitest";
import type { Appliance } from "../../provider/appliance/appliance.ts";
import { Project, type ProjectOptions, ref } from "../e2e/project.ts";
import { using } from "./behind-its-back.ts";
import { KACE } from "./kace-plugin.ts";
import { BUNDLE, PACKAGE, PACKAGE_SHA256, writePackage } from "./packages.ts";
import { serving } from "./serving.ts";

/** Many runs of the CLI one after the other, on a machine that may be busy. */
const SLOW = { timeout: 900_000 };

const ADOPTED = "adopted-value-0001";
const ADOPTED_NEXT = "adopted-value-0002";

/** A project of an appliance in its own world, used as a folder. */
async function local(options: ProjectOptions): Promise<Project> {
  return Project.yaml({}, { plugin: KACE, ...options });
}

/** The same appliance behind a server, used over HTTPS as a pipeline would. */
async function remote(options: ProjectOptions): Promise<Project> {
  const project = await Project.yaml({}, { plugin: KACE, ...options });
  const { endpoint, ca } = await serving(project.world);
  const { value } = await using(project, (appliance) => appliance.createApiToken({ name: "pipeline" }));
  project.secrets.push(value);
  await project.configure({ "kace:endpoint": endpoint, "kace:caCertificate": ca });
  await project.succeed(["config", "set", "--secret", "kace:apiToken", value]);
  return project;
}

describe.each([
  { where: "in a folder of this machine", open: local, everyStep: true },
  { where: "behind `kace serve`", open: remote, everyStep: false },
])("an appliance $where", SLOW, ({ open, everyStep }) => {
  /** After each step where that is cheap; else the test's last look is the one that counts. */
  const settled = async (project: Project) => {
    if (everyStep) await project.expectSettled();
  };

  it("has tokens: made, changed, rotated, found changed by others, found gone, adopted, imported", async () => {
    const project = await open({ secrets: [ADOPTED, ADOPTED_NEXT] });
    const write = (properties: object) =>
      project.write({
        resources: { token: { type: "kace:AgentToken", properties: { ...properties } } },
        outputs: { value: ref("token.value") },
      });
    const presentValue = async () => {
      const { id = "" } = await project.recordedAs("token");
      const { value } = await using(project, (appliance) => appliance.getToken({ id }));
      if (!project.secrets.includes(value)) project.secrets.push(value);
      return value;
    };
    const statusOf = (value: string) => using(project, async (appliance) => appliance.checkToken({ value }));

    await write({ name: "berlin", expiresAt: "2031-06-30", useLimit: 500, rotation: { trigger: "one" } });
    expect(await project.succeed(["preview"])).toContain("kace:index:AgentToken token create");
    expect(await using(project, async (appliance) => (await appliance.listTokens({})).tokens)).toEqual([]);
    await project.up();
    const first = await presentValue();
    expect(first).toHaveLength(54);
    await settled(project);

    await write({ name: "berlin", expiresAt: "2032-01-01T00:00:00+02:00", rotation: { trigger: "one" } });
    const { token: changed } = await project.plan();
    expect(Object.keys(changed?.detailedDiff ?? {}).sort()).toEqual(["expiresAt", "useLimit"]);
    await project.up();
    expect(await presentValue()).toBe(first);
    await settled(project);

    await write({ name: "berlin", rotation: { trigger: "two", overlap: "1h" } });
    expect(await project.up()).toContain("the token has a new value; the one before is accepted until");
    const second = await presentValue();
    expect(second).not.toBe(first);
    expect(await statusOf(second)).toMatchObject({ status: "valid" });
    expect(await statusOf(first)).toMatchObject({ status: "valid", expiresAt: expect.any(String) });
    await settled(project);

    // Somebody else switches it off: a refresh sees it, and the next update puts it right.
    const { id = "" } = await project.recordedAs("token");
    await using(project, (appliance) => appliance.updateToken({ id, enabled: false, useLimit: 3 }));
    expect(await project.succeed(["refresh", "--yes", "--skip-preview", "--diff"])).toMatch(/enabled|useLimit/);
    const { token: drifted } = await project.plan();
    expect(Object.keys(drifted?.detailedDiff ?? {}).sort()).toEqual(["enabled", "useLimit"]);
    await project.up();
    expect(await using(project, (appliance) => appliance.getToken({ id }))).toMatchObject({ enabled: true });
    await settled(project);

    // It is deleted by somebody else: a refresh forgets it, and the next update makes another one.
    await using(project, (appliance) => appliance.deleteToken({ id }));
    await project.succeed(["refresh", "--yes", "--skip-preview"]);
    await project.up();
    expect((await project.recordedAs("token")).id).not.toBe(id);
    const third = await presentValue();
    expect([first, second]).not.toContain(third);

    // A value that exists already is adopted, with the usual overlap.
    await write({ name: "berlin", adoptValue: { "fn::secret": ADOPTED } });
    await project.up();
    expect(await presentValue()).toBe(ADOPTED);
    expect(await statusOf(third)).toMatchObject({ status: "valid", expiresAt: expect.any(String) });
    await write({ name: "berlin", adoptValue: { "fn::secret": ADOPTED_NEXT } });
    await project.up();
    expect(await presentValue()).toBe(ADOPTED_NEXT);
    await settled(project);
    await project.succeed(["destroy", "--yes", "--skip-preview"]);
    expect(await statusOf(ADOPTED_NEXT)).toEqual({ status: "unknown" });

    // What there was before Pulumi is imported by its id, and has nothing to do.
    const found = await using(project, (appliance) =>
      appliance.createToken({ name: "older", useLimit: 7, expiresAt: "2033-01-01T00:00:00.000Z" }),
    );
    project.secrets.push(found.value);
    const imported = await project.succeed([
      "import",
      "kace:index:AgentToken",
      "token",
      found.id,
      "--yes",
      "--protect=false",
    ]);
    expect(imported).toContain("useLimit: 7");
    await write({ name: "older", useLimit: 7, expiresAt: "2033-01-01T00:00:00.000Z" });
    await project.expectSettled();
  });

  it("has bundles and configurations: made, changed, found changed by others, imported, gone", async () => {
    const project = await open({ secrets: ["correct-horse"] });
    await writePackage(project.folder);
    const fleet = {
      name: "berlin",
      enabled: false,
      targets: { ipRanges: "192.168.2-5.1-200", exclude: ["192.168.2.1"] },
      server: { name: "kbox.example" },
      agent: { bundle: ref("agents.id") },
      linux: { username: "deploy", password: { "fn::secret": "correct-horse" } },
    };
    const write = (changes: object = {}, agents: object = BUNDLE.properties) =>
      project.write({
        resources: {
          agents: { type: BUNDLE.type, properties: { name: "agents", ...agents } },
          fleet: { type: "kace:ProvisioningConfig", properties: { ...fleet, ...changes } },
        },
      });
    await write();
    await project.up();
    const { id: bundleId = "", outputs } = await project.recordedAs("agents");
    expect(outputs).toMatchObject({
      version: "14.1.19",
      flavour: "quest",
      packages: [
        { fileName: PACKAGE, platform: "linux", architecture: "amd64", format: "deb", sha256: PACKAGE_SHA256 },
      ],
    });
    const { id: fleetId = "" } = await project.recordedAs("fleet");
    await settled(project);
    expect(await using(project, bytesOfPackage)).toBe(PACKAGE);

    // Only what lists show of it is kept, and nothing that somebody could log in with.
    const kept = await using(project, (appliance) => appliance.getConfiguration({ id: fleetId }));
    expect(kept).toMatchObject({
      name: "berlin",
      description: { targets: "192.168.2-5.1-200, not 192.168.2.1", enabled: false },
    });
    expect(JSON.stringify(kept)).not.toContain("correct-horse");

    await write({ targets: { ips: ["10.0.0.1"] }, linux: { ...fleet.linux, username: "root" } });
    const { fleet: changed } = await project.plan();
    expect(changed?.op).toBe("update");
    expect(Object.keys(changed?.detailedDiff ?? {}).join(" ")).toContain("linux.username");
    await project.up();
    await settled(project);

    // Both are gone behind its back, the bundle not before what names it: the next update makes them again.
    await using(project, async (appliance) => {
      await expect(appliance.deleteBundle({ id: bundleId })).rejects.toThrow('it is used by configuration "berlin"');
      await appliance.deleteConfiguration({ id: fleetId });
      await appliance.deleteBundle({ id: bundleId });
    });
    await project.succeed(["refresh", "--yes", "--skip-preview"]);
    await project.up();
    expect(await using(project, bytesOfPackage)).toBe(PACKAGE);
    await settled(project);

    // Both are taken out of the state and imported again, without the files of the bundle.
    const { id: newBundleId = "" } = await project.recordedAs("agents");
    const { id: newFleetId = "" } = await project.recordedAs("fleet");
    for (const name of ["fleet", "agents"]) {
      const { urn } = await project.recordedAs(name);
      await project.succeed(["state", "delete", urn, "--yes"]);
    }
    await project.write({});
    const imports: readonly (readonly [string, string, string])[] = [
      ["AgentBundle", "agents", newBundleId],
      ["ProvisioningConfig", "fleet", newFleetId],
    ];
    for (const [type, name, id] of imports)
      await project.succeed([
        "import",
        `kace:index:${type}`,
        name,
        id,
        "--yes",
        "--protect=false",
        "--generate-code=false",
      ]);
    expect((await project.recordedAs("fleet")).inputs).toMatchObject({
      name: "berlin",
      targets: { ips: ["10.0.0.1"] },
    });
    expect((await project.recordedAs("agents")).inputs).toMatchObject({ name: "agents" });
    expect(await project.fail(["import", "kace:index:AgentBundle", "lost", "bundle-0", "--yes"])).toContain(
      "does not exist",
    );
    // The program that knows the credentials has nothing else to say.
    await write({ targets: { ips: ["10.0.0.1"] }, linux: { ...fleet.linux, username: "root" } });
    await project.up();
    await project.expectSettled();

    await project.succeed(["destroy", "--yes", "--skip-preview"]);
    expect(await using(project, everythingOf)).toEqual([]);
  });
});

async function bytesOfPackage(appliance: Appliance): Promise<string> {
  let text = "";
  const { stream } = await appliance.openPackage(PACKAGE_SHA256);
  for await (const bytes of stream) text += Buffer.from(bytes).toString("utf8");
  return text;
}

async function everythingOf(appliance: Appliance): Promise<readonly string[]> {
  const { tokens } = await appliance.listTokens({});
  const { bundles } = await appliance.listBundles({});
  const { configurations } = await appliance.listConfigurations({});
  return [...tokens, ...bundles, ...configurations].map(({ name }) => name);
}

it(
  "a configuration that never ran goes without a look at its machines, also a copy without a log-in",
  SLOW,
  async () => {
    const project = await local({ secrets: ["correct-horse"] });
    const properties = {
      name: "berlin",
      enabled: false,
      onDestroy: "uninstall",
      targets: { ips: ["192.0.2.1"] },
      agent: { bundle: "bundle-0" },
      server: { name: "kbox.example" },
      linux: { password: { "fn::secret": "correct-horse" } },
    };
    await project.write({ resources: { fleet: { type: "kace:ProvisioningConfig", properties } } });
    await project.up();
    const { id = "" } = await project.recordedAs("fleet");
    const copy = await using(project, (appliance) => appliance.duplicateConfiguration({ id, name: "copy" }));
    await project.succeed(["import", "kace:index:ProvisioningConfig", "copy", copy.id, "--yes", "--protect=false"]);
    await project.succeed(["destroy", "--yes", "--skip-preview"]);
    const left = await using(project, async (appliance) => (await appliance.listConfigurations({})).configurations);
    expect(left).toEqual([]);
  },
);
