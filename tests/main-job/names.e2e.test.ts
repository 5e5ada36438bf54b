import { describe, expect, it } from "vitest";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { Project, ref, type YamlResource } from "../e2e/project.ts";
import { KACE } from "./kace-plugin.ts";

/** Many runs of the CLI one after the other, on a machine that may be busy. */
const SLOW = { timeout: 900_000 };

const ANOTHER = "urn:pulumi:prod::other::kace:index:Label::web";

function filter(label: string) {
  return { all: [{ property: "label", operator: "equals", value: label }] };
}

function label(name: string, more: object = {}): YamlResource {
  return { type: "kace:Label", properties: { name, ...more } };
}

const fleet: YamlResource = {
  type: "kace:ProvisioningConfig",
  properties: {
    name: "fleet",
    enabled: false,
    state: "removed",
    targets: { ips: ["127.0.0.1"] },
    linux: { username: "root", password: "correct-horse" },
  },
};

describe("what a program names", SLOW, () => {
  it("and nobody has made is warned of in the preview at its property, unless it comes before", async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    await project.write({ resources: { site: label("site", { filter: filter("offices") }) } });
    const missing = 'filter.all[0].value: there is no label "offices" yet: unless the same update makes it first';
    expect(await project.succeed(["preview"])).toContain(missing);
    expect(await project.failingUp()).toContain('filter.all[0].value: there is no label "offices"');
    await project.write({
      resources: { policy: { type: "kace:AgentUpdatePolicy", properties: { labels: ["offices"], notes: "later" } } },
    });
    expect(await project.succeed(["preview"])).toContain('labels[0]: there is no label "offices" yet');
    await project.write({
      resources: { token: { type: "kace:AgentToken", properties: { name: "token", organization: "berlin" } } },
    });
    expect(await project.succeed(["preview"])).toContain(
      'organization: there is no organization "berlin" yet: unless the same update makes it first, this is refused',
    );

    await project.write({
      resources: {
        berlin: { type: "kace:Organization", properties: { name: "berlin" } },
        offices: label("offices", { organization: ref("berlin.name"), machines: ["web01"] }),
        site: label("site", { organization: ref("berlin.name"), filter: filter(ref("offices.name")) }),
        policy: {
          type: "kace:AgentUpdatePolicy",
          properties: { organization: ref("berlin.name"), labels: [ref("site.name")] },
        },
      },
    });
    expect(await project.succeed(["preview"])).not.toContain("unless the same update");
    expect(await project.up()).not.toContain("unless the same update");
    await project.expectSettled();
  });

  it("twice alike is refused in the preview, before anything is made", async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    const kuid = "00000000-0000-4000-8000-000000000001";
    const twins: readonly (readonly [YamlResource, string, YamlResource?])[] = [
      [label("web"), 'is the Label "web" of organization "default" as well; give one of them another name'],
      [fleet, 'is the ProvisioningConfig "fleet" of organization "default" as well'],
      [{ type: "kace:AgentToken", properties: { name: "token" } }, 'is the AgentToken "token"'],
      [{ type: "kace:Organization", properties: { name: "berlin" } }, 'is the Organization "berlin" as well'],
      [
        { type: "kace:AgentSettings", properties: { runInterval: "2h" } },
        'is the AgentSettings of organization "default" as well; an organization has only one',
      ],
      [{ type: "kace:AgentUpdatePolicy" }, 'is the AgentUpdatePolicy of organization "default" as well'],
      [
        { type: "kace:QuarantineDecision", properties: { name: "one", decision: "approve", kuid } },
        `is about device ${kuid} as well`,
        { type: "kace:QuarantineDecision", properties: { name: "other", decision: "block", kuid } },
      ],
    ];
    for (const [one, said, other = one] of twins) {
      await project.write({ resources: { one, other } });
      expect(await project.fail(["preview"])).toContain(said);
    }
    await project.write({ resources: { one: label("web"), other: label("web", { organization: "default" }) } });
    await project.failingUp();
    expect((await project.recorded()).filter(({ type }) => type === "kace:index:Label")).toHaveLength(1);
  });

  it("and others have is warned of in the preview, whosever it is, and refused by up", async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    const appliance = await openLocal({ folder: project.world, who: "somebody else" });
    await appliance.saveLabel({ name: "by-hand", machines: [] });
    await appliance.saveLabel({ name: "web", urn: ANOTHER, machines: [] });
    await appliance.close();
    await project.write({ resources: { one: label("by-hand") } });
    expect(await project.succeed(["preview"])).toMatch(
      /name: there is the Label "by-hand" of organization "default" already \(label-\w+\): unless the same update frees/,
    );
    await project.write({ resources: { one: label("web") } });
    expect(await project.succeed(["preview"])).toContain(
      `there is the Label "web" of organization "default" already (${ANOTHER}): unless the same update frees`,
    );
    expect(await project.failingUp()).toMatch(/label called "web"|label "web"|Label "web"/);

    // A name may be handed on, if the one who has it changes it before.
    await project.write({ resources: { one: label("one") } });
    await project.up();
    await project.write({ resources: { one: label("web") } });
    expect(await project.succeed(["preview"])).toContain(ANOTHER);
    const handed = { ...label("one"), options: { dependsOn: [ref("one")] } };
    await project.write({ resources: { one: label("two"), other: handed } });
    await project.succeed(["preview"]);
    await project.up();
    await project.expectSettled();
  });
});
