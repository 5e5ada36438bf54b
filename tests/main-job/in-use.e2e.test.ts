import { describe, expect, it } from "vitest";
import { Project, ref } from "../e2e/project.ts";
import { using } from "./behind-its-back.ts";
import { KACE } from "./kace-plugin.ts";
import { BUNDLE, writePackage } from "./packages.ts";
import { serving } from "./serving.ts";

/** Many runs of the CLI one after the other, on a machine that may be busy. */
const SLOW = { timeout: 900_000 };

const VALUE = "token-in-use-canary";
const OTHER = "other-token-in-use-canary";
const PASSWORD = "correct-horse";

/** The names of all bundles, tokens, labels and configurations of an organization. */
function namesIn(project: Project, organization = "default"): Promise<string[]> {
  return using(project, async (appliance) => {
    const { bundles } = await appliance.listBundles({ organization });
    const { tokens } = await appliance.listTokens({ organization });
    const { labels } = await appliance.listLabels({ organization });
    const { configurations } = await appliance.listConfigurations({ organization });
    return [...bundles, ...tokens, ...labels, ...configurations].map(({ name }) => name);
  });
}

function opened(): Promise<Project> {
  return Project.yaml({}, { plugin: KACE, secrets: [VALUE, OTHER, PASSWORD] });
}

const agents = { type: BUNDLE.type, properties: { ...BUNDLE.properties, name: "agents" } };
const token = (name: string, value: string) => ({
  type: "kace:AgentToken",
  properties: { name, adoptValue: { "fn::secret": value } },
});
/** A configuration that is only kept: no machine is looked at, and it has no schedule. */
const fleet = (agent: object) => ({
  type: "kace:ProvisioningConfig",
  properties: {
    name: "berlin",
    enabled: false,
    targets: { ips: ["192.0.2.1"] },
    server: { name: "kbox.example" },
    linux: { password: { "fn::secret": PASSWORD } },
    agent,
  },
});

describe("a bundle and a token that a configuration names", SLOW, () => {
  it("cannot be deleted beneath it, and go with it or after it", async () => {
    const project = await opened();
    await writePackage(project.folder);
    const own = { agents, site: token("site", VALUE) };
    await project.write({ resources: own });
    await project.up();
    const { id = "" } = await project.recordedAs("agents");
    // By their texts, as another stack would name them: the engine knows of no order.
    const naming = fleet({ bundle: id, token: { "fn::secret": VALUE } });
    await project.write({ resources: { ...own, fleet: naming } });
    await project.up();

    await project.write({ resources: { fleet: naming, site: own.site } });
    expect(await project.failingUp()).toContain(
      'the bundle "agents" cannot be deleted: it is used by configuration "berlin"',
    );
    await project.write({ resources: { fleet: naming, agents } });
    expect(await project.failingUp()).toContain(
      'the token "site" cannot be deleted: it is used by configuration "berlin"',
    );
    expect(await namesIn(project)).toEqual(["agents", "site", "berlin"]);

    // Another token is all that changes, and that no machine is looked at for.
    const other = token("other", OTHER);
    await project.write({ resources: { agents, other, fleet: fleet({ bundle: id, token: ref("other.value") }) } });
    await project.up();
    expect(await namesIn(project)).toEqual(["agents", "other", "berlin"]);
    await project.write({ resources: { agents, other, fleet: fleet({ bundle: ref("agents.id") }) } });
    await project.up();
    await project.expectSettled();
    await project.succeed(["destroy", "--yes", "--skip-preview"]);
    expect(await namesIn(project)).toEqual([]);
    await project.expectNoSecretInState();
  });

  it("move to another organization with it", async () => {
    const project = await opened();
    await writePackage(project.folder);
    const agent = { bundle: ref("agents.id"), token: ref("site.value") };
    await project.write({ resources: { agents, site: token("site", VALUE), fleet: fleet(agent) } });
    await project.up();
    await using(project, (appliance) => appliance.createOrganization({ name: "berlin" }));
    // Also where the same update makes the organization.
    await project.configure({ "kace:organization": "bonn" });
    expect(await project.succeed(["preview"])).toContain('the configuration leaves "default" for "bonn"');
    await project.configure({ "kace:organization": "berlin" });
    // The engine shows the preview of the new one only; what the delete of the old one does is said there.
    expect(await project.succeed(["preview"])).toContain(
      'organization: the configuration leaves "default" for "berlin": it is destroyed there first, agents stay',
    );
    await project.up();
    expect(await namesIn(project)).toEqual([]);
    expect(await namesIn(project, "berlin")).toEqual(["agents", "site", "berlin"]);
    expect(await using(project, (appliance) => appliance.checkToken({ value: VALUE }))).toMatchObject({
      status: "valid",
      id: (await project.recordedAs("site")).id,
    });
    await project.expectSettled();
  });

  it("come back under their names, with a label, when a move to another organization has failed", async () => {
    const project = await opened();
    await writePackage(project.folder);
    await using(project, async (appliance) => {
      await appliance.createOrganization({ name: "berlin" });
      await appliance.createToken({ name: "taken" });
    });
    const web = { type: "kace:Label", properties: { name: "web", machines: ["web1"] } };
    const moving = { agents, site: token("site", VALUE), web };
    const filter = { all: [{ property: "label", operator: "equals", value: "web" }] };
    const staying = {
      fleet: fleet({ bundle: ref("agents.id"), token: ref("site.value") }),
      // By its text: it stays as it is, whichever label is called so.
      naming: { type: "kace:Label", properties: { name: "naming", filter }, options: { dependsOn: [ref("web")] } },
    };
    const here = { resources: { ...moving, ...staying } };
    await project.write(here);
    await project.up();
    const there = Object.entries(moving).map(([name, { type, properties }]) => {
      return [name, { type, properties: { ...properties, organization: "berlin" } }];
    });
    const dependsOn = Object.keys(moving).map(ref);
    const refused = { ...token("taken", OTHER), options: { dependsOn } };
    const failures: [object, string][] = [
      [{ refused }, 'there is already a token "taken"'], // before anything is deleted
      [{}, 'is used by label "naming"'], // while it is
    ];

    for (const [more, reason] of failures) {
      await project.write({ resources: { ...Object.fromEntries(there), ...staying, ...more } });
      expect(await project.failingUp()).toContain(reason);
      expect(await namesIn(project, "berlin")).toEqual(["agents", "site", "web"]);
      await project.write(here);
      await project.up();
      expect(await namesIn(project)).toEqual(["agents", "site", "taken", "naming", "web", "berlin"]);
      expect(await namesIn(project, "berlin")).toEqual([]);
      await project.expectSettled();
    }
    expect(await using(project, (appliance) => appliance.checkToken({ value: VALUE }))).toMatchObject({
      status: "valid",
      id: (await project.recordedAs("site")).id,
    });
  });

  it("are of its organization: another's token is refused before a machine is looked at, and one that moves with it is not", async () => {
    const project = await opened();
    await writePackage(project.folder);
    await using(project, (appliance) => appliance.createOrganization({ name: "berlin" }));
    await serving(project.world);
    /** A machine on loopback, where nothing listens at that port. By its text the engine knows nothing of the token. */
    const working = (organization: string) => {
      const { type, properties } = fleet({ bundle: ref("agents.id"), token: { "fn::secret": VALUE } });
      const { server: _own, ...rest } = properties;
      const machine = { targets: { ips: ["127.0.0.1"] }, linux: { ...rest.linux, port: 1 } };
      const rollout = { attempts: 1, maxUnreachable: 1 };
      const own = { organization, enabled: true, ...machine, rollout };
      return { type, properties: { ...rest, ...own }, options: { dependsOn: [ref("site")] } };
    };
    const all = (organization: string, ofToken = organization) => {
      const { type, properties } = token("site", VALUE);
      return {
        resources: {
          agents: { ...agents, properties: { ...agents.properties, organization } },
          site: { type, properties: { ...properties, organization: ofToken } },
          fleet: working(organization),
        },
      };
    };
    await project.write(all("default"));
    await project.up();

    await project.write(all("berlin"));
    await project.succeed(["preview"]);
    expect(await project.up()).not.toContain("were not looked at");
    expect(await namesIn(project, "berlin")).toEqual(["agents", "site", "berlin"]);

    await project.write(all("default", "berlin"));
    const refusal = 'the token "site" is of the organization "berlin", and the configuration of "default"';
    expect(await project.fail(["preview"])).toContain(refusal);
    expect(await project.fail(["up", "--yes", "--skip-preview"])).toContain(refusal);
  });
});
