import { describe, expect, it } from "vitest";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { Project, ref } from "../e2e/project.ts";
import { KACE } from "./kace-plugin.ts";
import { BUNDLE, writePackage } from "./packages.ts";

/** Many runs of the CLI one after the other, on a machine that may be busy. */
const SLOW = { timeout: 900_000 };

/** What the appliance of a project has, by kind, name and identity. */
async function contentsOf(project: Project): Promise<string[]> {
  const appliance = await openLocal({ folder: project.world, readOnly: true });
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
