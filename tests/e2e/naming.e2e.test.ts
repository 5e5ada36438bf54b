import { expect, it } from "vitest";
import { Project, ref } from "./project.ts";

const UNDER: readonly (readonly [string, unknown, RegExp])[] = [
  ["the default", undefined, /^it-[0-9a-z]{6}$/],
  ["the default that the user asks for", { mode: "default" }, /^it-[0-9a-z]{6}$/],
  ["verbatim names", { mode: "verbatim" }, /^it$/],
  [
    "a pattern",
    { pattern: `${ref("project")}-${ref("stack")}-${ref("name")}-${ref("hex(4)")}` },
    /^e2e-dev-it-[0-9a-f]{4}$/,
  ],
  ["a pattern that nothing may be added to", { pattern: `the-${ref("name")}`, enforce: true }, /^the-it$/],
  [
    "a pattern for its type alone",
    {
      mode: "verbatim",
      providers: { fixture: { resources: { "fixture:index:Thing": { pattern: `own-${ref("name")}` } } } },
    },
    /^own-it$/,
  ],
];

it("an object without a name is named as the user's configuration of naming says, and keeps that name", async () => {
  const project = await Project.yaml({ resources: { it: { type: "fixture:Thing" } } });
  for (const [what, naming, expected] of UNDER) {
    await project.configure({ "pulumi:autonaming": naming ?? null });
    const { it } = await project.plan();
    expect(it?.newState?.inputs?.name, what).toMatch(expected);
  }
  await project.configure({ "pulumi:autonaming": { mode: "disabled" } });
  expect(await project.fail(["preview"])).toContain('automatic naming is disabled, so "name" must be given');

  await project.configure({ "pulumi:autonaming": { mode: "verbatim" } });
  await project.up();
  for (const mode of ["default", "disabled"]) {
    await project.configure({ "pulumi:autonaming": { mode } });
    await project.expectSettled();
  }
  expect(await project.recordedAs("it")).toMatchObject({ inputs: { name: "it" } });
});
