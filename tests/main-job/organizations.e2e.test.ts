import { describe, expect, it } from "vitest";
import { Project, ref } from "../e2e/project.ts";
import { using } from "./behind-its-back.ts";
import { KACE } from "./kace-plugin.ts";
import { serving } from "./serving.ts";

/** Many runs of the CLI one after the other, on a machine that may be busy. */
const SLOW = { timeout: 900_000 };

describe("an organization", SLOW, () => {
  it("is made, described, found changed by others, kept while anything is in it, deleted and imported by its name", async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    const write = (description: string) =>
      project.write({
        resources: { berlin: { type: "kace:Organization", properties: { name: "berlin", description } } },
      });
    await write("The plant in Berlin");
    expect(await project.succeed(["preview"])).toContain("kace:index:Organization berlin create");
    await project.up();
    await project.expectSettled();
    await write("The plant in Berlin-Marzahn");
    expect(Object.keys((await project.plan()).berlin?.detailedDiff ?? {})).toEqual(["description"]);
    await project.up();
    await using(project, (appliance) => appliance.updateOrganization({ name: "berlin", description: "changed" }));
    expect(await project.succeed(["refresh", "--yes", "--skip-preview", "--diff"])).toContain("description");
    await project.up();
    await project.expectSettled();

    const token = await using(project, (appliance) => appliance.createToken({ organization: "berlin", name: "site" }));
    project.secrets.push(token.value);
    expect(await project.fail(["destroy", "--yes", "--skip-preview"])).toContain("is not empty: tokens: 1");
    await using(project, (appliance) => appliance.deleteToken({ id: token.id }));
    await project.succeed(["destroy", "--yes", "--skip-preview"]);
    expect(
      await using(project, async (appliance) => (await appliance.listOrganizations({})).organizations),
    ).toMatchObject([{ name: "default" }]);

    await using(project, (appliance) =>
      appliance.createOrganization({ name: "bonn", description: "The plant in Bonn" }),
    );
    const importing = ["import", "kace:index:Organization", "bonn", "bonn", "--yes", "--protect=false"];
    expect(await project.succeed(importing)).toContain("The plant in Bonn");
    // The one that there always is stays everybody's.
    const said = await project.fail(["import", "kace:index:Organization", "own", "default", "--yes"]);
    expect(said).toContain('the organization "default" is always there');
    expect(said).not.toContain("a bug");
  });

  it("is what a whole provider works in, and all that an API token of it sees", async () => {
    const project = await Project.yaml(
      {
        resources: { site: { type: "kace:AgentToken", properties: { name: "site" } } },
        outputs: { value: ref("site.value") },
      },
      { plugin: KACE },
    );
    const foreign = await using(project, async (appliance) => {
      await appliance.createOrganization({ name: "berlin" });
      await appliance.createOrganization({ name: "bonn" });
      return appliance.createToken({ organization: "bonn", name: "of bonn" });
    });
    const bound = await using(project, (appliance) => appliance.createApiToken({ name: "ci", organization: "berlin" }));
    project.secrets.push(foreign.value, bound.value);
    const namesIn = (organization: string) =>
      using(project, async (appliance) => {
        const { tokens } = await appliance.listTokens({ organization });
        for (const { id } of tokens) project.secrets.push((await appliance.getToken({ id })).value);
        return tokens.map(({ name }) => name);
      });

    // By the setting, where the appliance is a folder and whoever has it may do everything.
    await project.configure({ "kace:organization": "berlin" });
    await project.up();
    expect([await namesIn("berlin"), await namesIn("default")]).toEqual([["site"], []]);
    await project.succeed(["destroy", "--yes", "--skip-preview"]);

    // By the API token, without the setting: what is another one's cannot even be imported.
    const { endpoint, ca } = await serving(project.world);
    await project.succeed(["config", "rm", "kace:organization"]);
    await project.configure({ "kace:endpoint": endpoint, "kace:caCertificate": ca });
    await project.succeed(["config", "set", "--secret", "kace:apiToken", bound.value]);
    await project.up();
    expect([await namesIn("berlin"), await namesIn("default")]).toEqual([["site"], []]);
    const importing = ["import", "kace:index:AgentToken", "stolen", foreign.id, "--yes", "--protect=false"];
    expect(await project.fail(importing)).toMatch(/does not exist|not found|no token/);
    await project.succeed(["config", "set", "kace:organization", "bonn"]);
    await project.write({ resources: { other: { type: "kace:AgentToken", properties: { name: "other" } } } });
    expect(await project.fail(["up", "--yes", "--skip-preview"])).toContain('there is no organization "bonn"');
    expect(await namesIn("bonn")).toEqual(["of bonn"]);
  });
});
