import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { Project, ref } from "../e2e/project.ts";
import { KACE } from "./kace-plugin.ts";
import { BUNDLE, writePackage } from "./packages.ts";

type Properties = Readonly<Record<string, unknown>>;

/** Many runs of the CLI one after the other, on a machine that may be busy. */
const SLOW = { timeout: 900_000 };

/** What the appliance of a project has, by kind, name and identity. */
async function contentsOf(project: Project, folder = project.world): Promise<string[]> {
  const appliance = await openLocal({ folder, readOnly: true });
  try {
    const { tokens } = await appliance.listTokens({});
    const { labels } = await appliance.listLabels({});
    const { bundles } = await appliance.listBundles({});
    const { organizations } = await appliance.listOrganizations({});
    const { configurations } = await appliance.listConfigurations({});
    return [...tokens, ...labels, ...bundles, ...configurations]
      .map(({ id, name }) => `${name} ${id}`)
      .concat(organizations.map(({ name }) => name));
  } finally {
    await appliance.close();
  }
}

/** What the only token of a project's appliance is enrolled by. */
async function tokenOf(project: Project): Promise<string> {
  const appliance = await openLocal({ folder: project.world, readOnly: true });
  try {
    const { tokens } = await appliance.listTokens({});
    return (await appliance.getToken({ id: tokens[0]?.id ?? "" })).value;
  } finally {
    await appliance.close();
  }
}

describe("a replacement that nothing in the program asks for", SLOW, () => {
  it("leaves what there is as it is: what is made anew is the same, and is not deleted", async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    await writePackage(project.folder);
    await project.write({
      resources: {
        token: { type: "kace:AgentToken", properties: { name: "token" } },
        label: { type: "kace:Label", properties: { name: "label", machines: ["web01"] } },
        agents: { ...BUNDLE, properties: { ...BUNDLE.properties, name: "agents" } },
        organization: { type: "kace:Organization", properties: { name: "organization" } },
        fleet: {
          type: "kace:ProvisioningConfig",
          properties: {
            name: "fleet",
            enabled: false,
            targets: { ips: ["127.0.0.1"] },
            server: { name: "kbox.example" },
            agent: { bundle: ref("agents.id") },
            linux: { username: "root", password: "correct-horse" },
          },
        },
      },
    });
    await project.up();
    const before = await contentsOf(project);
    expect(before).toHaveLength(6);
    const urns = (await project.recorded()).filter(({ type }) => type.startsWith("kace:")).map(({ urn }) => urn);
    expect(urns).toHaveLength(5);
    for (const urn of urns) await project.up("--replace", urn);
    expect(await contentsOf(project)).toEqual(before);
    await project.expectSettled();
    await project.succeed(["destroy", "--yes", "--skip-preview"]);
    expect(await contentsOf(project)).toEqual(["default"]);
  });
});

describe("a replacement by another provider", SLOW, () => {
  const write = (project: Project, first: Properties, second: Properties, used?: string) => {
    const options = used === undefined ? {} : { provider: ref(used) };
    return project.write({
      resources: {
        first: { type: "pulumi:providers:kace", properties: first },
        second: { type: "pulumi:providers:kace", properties: second },
        token: { type: "kace:AgentToken", properties: { name: "token" }, options },
        label: { type: "kace:Label", properties: { name: "label", machines: ["web01"] }, options },
        fleet: {
          type: "kace:ProvisioningConfig",
          properties: {
            name: "fleet",
            enabled: false,
            state: "removed",
            targets: { ips: ["127.0.0.1"] },
            linux: { username: "root", password: "correct-horse" },
          },
          options,
        },
      },
    });
  };
  const replacing = async (project: Project) =>
    (await project.recorded()).filter(({ type }) => type.startsWith("kace:")).flatMap(({ urn }) => ["--replace", urn]);

  it("of the same appliance leaves what there is as it is, though another process deletes the old record", async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    await write(project, {}, { database: project.world });
    await project.up();
    const before = await contentsOf(project);
    const value = await tokenOf(project);
    for (const used of ["first", "second"]) {
      await write(project, {}, { database: project.world }, used);
      expect(await project.up(...(await replacing(project)))).toContain("its replacement has taken it over");
      expect(await contentsOf(project)).toEqual(before);
      await project.expectSettled();
    }
    // The provider itself is replaced, with what is of it.
    await project.up(...(await replacing(project)), "--replace", (await project.recordedAs("second")).urn);
    expect(await contentsOf(project)).toEqual(before);
    expect(await tokenOf(project)).toBe(value);
    await project.expectSettled();
  });

  it("of another appliance moves it there, where it may even have the same id", async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    const elsewhere = join(project.world, "elsewhere");
    await write(project, {}, { database: elsewhere }, "first");
    await project.up();
    expect(await contentsOf(project)).toHaveLength(4);
    const { id } = await project.recordedAs("fleet");
    await write(project, {}, { database: elsewhere }, "second");
    await project.up(...(await replacing(project)));
    expect(await contentsOf(project)).toEqual(["default"]);
    expect(await contentsOf(project, elsewhere)).toContain(`fleet ${id}`);
    await project.expectSettled();
  });
});

describe("an organization under another name", SLOW, () => {
  it("takes the place of the one before, with what the program has in it", async () => {
    const write = (project: Project, name: string) =>
      project.write({
        resources: {
          site: { type: "kace:Organization", properties: { name } },
          label: { type: "kace:Label", properties: { organization: ref("site.id"), name: "web", machines: ["web01"] } },
        },
      });
    const project = await Project.yaml({}, { plugin: KACE });
    await write(project, "berlin");
    await project.up();
    await write(project, "bonn");
    await project.up();
    expect(await contentsOf(project)).toEqual(["bonn", "default"]);
    await project.expectSettled();
  });
});
