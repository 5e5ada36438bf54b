import { describe, expect, it } from "vitest";
import { Project, ref, type YamlResource } from "../e2e/project.ts";
import { using } from "./behind-its-back.ts";
import { KACE } from "./kace-plugin.ts";
import { serving } from "./serving.ts";

/** Many runs of the CLI one after the other, on a machine that may be busy. */
const SLOW = { timeout: 900_000 };

/** What an organization has, by kind and name; the values of tokens become secrets of the project. */
function contentsOf(project: Project, organization: string): Promise<string[]> {
  return using(project, async (appliance) => {
    const { labels } = await appliance.listLabels({ organization });
    const { tokens } = await appliance.listTokens({ organization });
    for (const { id } of tokens) project.secrets.push((await appliance.getToken({ id })).value);
    const settings = await appliance.getSettings({ organization });
    const policy = await appliance.getUpdatePolicy({ organization });
    return [
      ...labels.map(({ name }) => `label ${name}`),
      ...(policy.exists ? [`policy for ${policy.given.labels?.join()}`] : []),
      ...(settings.exists ? [`settings ${settings.given.runIntervalSeconds}`] : []),
      ...tokens.map(({ name }) => `token ${name}`),
    ];
  });
}

const ORGANIZATIONS: Readonly<Record<string, YamlResource>> = {
  berlin: { type: "kace:Organization", properties: { name: "berlin" } },
  bonn: { type: "kace:Organization", properties: { name: "bonn" } },
};

/** One of each kind in an organization, and a label of the provider's own. */
function program(organization: string, own: object = {}) {
  const among = { organization };
  return {
    resources: {
      ...ORGANIZATIONS,
      web: { type: "kace:Label", properties: { ...among, name: "web", machines: ["web01"] } },
      policy: { type: "kace:AgentUpdatePolicy", properties: { ...among, labels: [ref("web.name")] } },
      settings: { type: "kace:AgentSettings", properties: { ...among, runInterval: "2h" } },
      site: {
        type: "kace:AgentToken",
        properties: { ...among, name: "site", adoptValue: { "fn::secret": "adopted-value-0001" } },
      },
      everywhere: { type: "kace:Label", properties: { ...own, name: "web", machines: ["web02"] } },
    },
  };
}

describe("the organization of a resource", SLOW, () => {
  it("is made by the same program, is left for another one, and is imported from", async () => {
    const project = await Project.yaml(program(ref("berlin.name")), { plugin: KACE, secrets: ["adopted-value-0001"] });
    // The preview is about an organization that is still to be made.
    const preview = await project.succeed(["preview"]);
    expect(preview).toContain('there is no organization "berlin" yet: it is made before this');
    await project.up();
    const ofThree = async () => ({
      berlin: await contentsOf(project, "berlin"),
      bonn: await contentsOf(project, "bonn"),
      default: await contentsOf(project, "default"),
    });
    const all = ["label web", "policy for web", "settings 7200", "token site"];
    expect(await ofThree()).toEqual({ berlin: all, bonn: [], default: ["label web"] });
    await project.expectSettled();
    expect((await project.recordedAs("everywhere")).inputs).toMatchObject({ organization: "default" });

    // To name the provider's own is to say nothing new; another one is another place, for all kinds at once.
    await project.write(program(ref("bonn.name"), { organization: "default" }));
    const plan = await project.plan();
    expect(Object.keys(plan).sort()).toEqual(["policy", "settings", "site", "web"]);
    for (const { detailedDiff } of Object.values(plan)) expect(detailedDiff).toHaveProperty("organization");
    await project.up();
    expect(await ofThree()).toEqual({ berlin: [], bonn: all, default: ["label web"] });
    await project.expectSettled();

    // The provider's own changes: what said nothing of its organization moves, and what named it stays.
    await project.configure({ "kace:organization": "berlin" });
    expect(await project.plan()).toEqual({});
    await project.write(program(ref("bonn.name")));
    expect(Object.keys(await project.plan())).toEqual(["everywhere"]);
    await project.up();
    expect(await ofThree()).toEqual({ berlin: ["label web"], bonn: all, default: [] });

    // What is forgotten is found again by its organization and name, and by its name alone in the provider's own.
    for (const name of ["policy", "web", "everywhere"]) {
      const { urn } = await project.recordedAs(name);
      await project.succeed(["state", "delete", urn, "--yes"]);
    }
    const importing = ["--yes", "--protect=false", "--generate-code=false"];
    await project.succeed(["import", "kace:index:Label", "web", "bonn/web", ...importing]);
    await project.succeed(["import", "kace:index:Label", "everywhere", "web", ...importing]);
    await project.succeed(["import", "kace:index:AgentUpdatePolicy", "policy", "bonn", ...importing]);
    expect((await project.recordedAs("web")).id).toMatch(/^label-/);
    await project.expectSettled();

    // Nobody made it, and nobody is going to.
    const lost = { type: "kace:Label", properties: { organization: "munich", name: "lost" } };
    await project.write({ resources: { ...program(ref("bonn.name")).resources, lost } });
    expect(await project.failingUp()).toContain('organization: there is no organization "munich"');
    expect(await ofThree()).toEqual({ berlin: ["label web"], bonn: all, default: [] });
  });

  it("is the one of the API token, and no other", async () => {
    const label = (own: object) => ({
      resources: { web: { type: "kace:Label", properties: { ...own, name: "web", machines: ["web01"] } } },
    });
    const project = await Project.yaml(label({}), { plugin: KACE });
    const bound = await using(project, async (appliance) => {
      for (const name of ["berlin", "bonn"]) await appliance.createOrganization({ name });
      return appliance.createApiToken({ name: "ci", organization: "berlin" });
    });
    project.secrets.push(bound.value);
    const { endpoint, ca } = await serving(project.world);
    await project.configure({ "kace:endpoint": endpoint, "kace:caCertificate": ca });
    await project.succeed(["config", "set", "--secret", "kace:apiToken", bound.value]);
    await project.up();
    expect((await project.recordedAs("web")).inputs).toMatchObject({ organization: "berlin" });
    await project.write(label({ organization: "berlin" }));
    await project.expectSettled();
    await project.write(label({ organization: "bonn" }));
    const refused = await project.fail(["preview"]);
    expect(refused).toContain('there is no organization "bonn" for this API token, which is for "berlin"');
    expect([await contentsOf(project, "berlin"), await contentsOf(project, "bonn")]).toEqual([["label web"], []]);
  });

  it("is not taken for gone by an API token that does not reach it", async () => {
    const web = { type: "kace:Label", properties: { name: "web", machines: ["web01"] } };
    const project = await Project.yaml({ resources: { web } }, { plugin: KACE });
    const tokens = await using(project, async (appliance) => {
      for (const name of ["berlin", "bonn"]) await appliance.createOrganization({ name });
      return {
        berlin: (await appliance.createApiToken({ name: "berlin", organization: "berlin" })).value,
        bonn: (await appliance.createApiToken({ name: "bonn", organization: "bonn" })).value,
      };
    });
    project.secrets.push(tokens.berlin, tokens.bonn);
    const { endpoint, ca } = await serving(project.world);
    await project.configure({ "kace:endpoint": endpoint, "kace:caCertificate": ca });
    const by = (token: string) => project.succeed(["config", "set", "--secret", "kace:apiToken", token]);
    await by(tokens.berlin);
    await project.up();
    await by(tokens.bonn);
    const where = 'it is in the organization "berlin", which this API token does not reach: that is for "bonn"';
    expect(await project.fail(["preview"])).toContain(where);
    expect(await project.failingUp()).toContain(where);
    expect(await project.fail(["refresh", "--yes", "--skip-preview"])).toContain(where);
    expect(await project.fail(["destroy", "--yes", "--skip-preview"])).toContain(where);
    expect([await contentsOf(project, "berlin"), await contentsOf(project, "bonn")]).toEqual([["label web"], []]);
    await by(tokens.berlin);
    await project.up(); // a refresh works with what the last update worked with
    await project.expectSettled();
  });
});
