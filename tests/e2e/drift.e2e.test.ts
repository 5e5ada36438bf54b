import { describe, expect, it } from "vitest";
import { Backend } from "../fixture/backend.ts";
import { Project } from "./project.ts";

describe("an object of the outside world", () => {
  it("that is no longer as desired shows in a preview of the unchanged program, and the next up repairs it", async () => {
    const project = await Project.yaml({
      resources: {
        crew: { type: "fixture:Watched", properties: { members: ["ann", "bob"] } },
        thing: { type: "fixture:Thing", properties: { name: "thing", tags: { a: "1" } } },
        note: { type: "fixture:Note", properties: { text: "hi" } },
      },
    });
    await project.up();
    await project.expectSettled();

    const world = await Backend.open(project.world);
    const crew = await project.recordedAs("crew");
    const results = { ann: { state: "ready", attempts: 1 }, bob: { state: "failed", attempts: 1 } };
    await world.update(String(crew.id), { properties: { members: ["ann", "bob"], strict: false }, facts: { results } });
    const plan = await project.plan();
    expect(Object.keys(plan)).toEqual(["crew"]);
    expect(plan.crew).toMatchObject({
      op: "update",
      detailedDiff: { "results.bob": { kind: "update", inputDiff: false } },
    });
    expect(await project.up("--diff")).toContain('~ state   : "ready" => "failed"');
    expect((await project.recordedAs("crew")).outputs).toMatchObject({
      results: { bob: { state: "ready", attempts: 2 } },
    });
    await project.expectSettled();

    // Others are looked at when the user asks for it.
    const thing = await project.recordedAs("thing");
    const note = await project.recordedAs("note");
    const changed = { ...(await project.objects("Thing"))[0]?.properties, tags: { a: "2", b: "3" } };
    await world.update(String(thing.id), { properties: changed });
    await world.delete(String(note.id));
    const refresh = await project.succeed(["refresh", "--yes", "--skip-preview", "--diff"]);
    const repaired = await project.up("--diff");
    expect(refresh).toMatch(/fixture:index:Note: \(delete\)/);
    expect(refresh).toMatch(/~ a: "1" => "2"\s+\+ b: "3"/);
    expect(repaired).toMatch(/~ a: "2" => "1"\s+- b: "3"/);
    expect((await project.objects("Thing"))[0]?.properties).toMatchObject({ tags: { a: "1" } });
    expect(await project.effectsOn("note")).toEqual(["create", "delete", "create"]);
    await project.expectSettled();
  });

  it("that could be made in part only is recorded with its reasons, and the next up finishes it", async () => {
    const project = await Project.yaml(
      {
        resources: {
          crew: { type: "fixture:Watched", properties: { members: ["ann", "broken-2"], strict: true } },
          tolerant: { type: "fixture:Watched", properties: { members: ["broken-2"] } },
          broken: { type: "fixture:Faulty", properties: { behaviour: "existsThenThrow", secret: "nobody-sees-this" } },
          untyped: { type: "fixture:Faulty", properties: { behaviour: "rubbish" } },
        },
      },
      { secrets: ["nobody-sees-this"] },
    );
    const output = await project.failingUp("--continue-on-error");
    expect(output).toMatch(/Watched \(crew\):\s+error: 1 error occurred:\s+\* broken-2 is not ready/);
    expect(output).toContain("* it exists, and then [secret] went wrong (this is a fault of the provider");
    expect(output).toContain("fault of the provider: ticket: a function cannot be encoded");
    const crew = await project.recordedAs("crew");
    expect(crew.initErrors).toEqual(["broken-2 is not ready"]);
    expect(crew.outputs).toMatchObject({ results: { ann: { state: "ready" }, "broken-2": { state: "failed" } } });
    const names = ["crew", "tolerant", "broken", "untyped"];
    for (const name of names) expect(await project.effectsOn(name)).toEqual(["create"]);
    const ids = await Promise.all(names.map(async (name) => (await project.recordedAs(name)).id));
    await project.expectNoSecretInState();

    await project.up();
    for (const name of names) expect(await project.effectsOn(name)).toEqual(["create", "update"]);
    expect(await Promise.all(names.map(async (name) => (await project.recordedAs(name)).id))).toEqual(ids);
    expect((await project.recordedAs("crew")).initErrors).toBeUndefined();
    await project.expectSettled();
  });

  it("is made with a warning where the program uses what is deprecated", async () => {
    const project = await Project.yaml({
      resources: { it: { type: "fixture:Thing", properties: { weight: 3 } } },
    });
    expect(await project.succeed(["preview"])).toContain("warning: weight is deprecated: use `size`");
  });
});
