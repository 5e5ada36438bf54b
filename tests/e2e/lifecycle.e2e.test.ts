import { describe, expect, it } from "vitest";
import { Backend } from "../fixture/backend.ts";
import { Project, ref } from "./project.ts";

const thing = {
  text: "first",
  zone: "north",
  tags: { "a.b/c": "1", kept: "yes" },
  ports: [80, 443, 8080],
  endpoint: { host: "one.example", port: 443 },
  mirrors: [{ host: "two.example" }, { host: "three.example" }],
  labels: ["red", "green"],
};

function programOf(properties: object) {
  return {
    resources: { it: { type: "fixture:Thing", properties: { ...properties } } },
    outputs: { url: ref("it.location.url"), digest: ref("it.digest"), token: ref("it.token") },
  };
}

describe("a plain resource in a YAML program", () => {
  it("is previewed, made, changed at exact paths, replaced and destroyed", async () => {
    const project = await Project.yaml(programOf(thing));
    const preview = await project.succeed(["preview"]);
    expect(preview).toContain("+  fixture:index:Thing it create");
    expect(preview).toMatch(/url {3}: "fixture:\/\/north\/it-\w{6}"/);
    expect(preview).toContain("digest: [unknown]");
    expect(await project.effects()).toEqual([]);

    expect(await project.up()).toMatch(/Diagnostics:\s+fixture:index:Thing \(it\):\s+made thing-/);
    expect(await project.effectsOn("it")).toEqual(["create"]);
    const { id, outputs } = await project.recordedAs("it");
    await project.expectSettled();

    const changed = {
      ...thing,
      text: "second",
      tags: { kept: "yes", new: "2" },
      ports: [80, 443, 9090],
      endpoint: { host: "one.example", port: 8443 },
      mirrors: [{ host: "two.example" }, { host: "four.example" }],
      labels: ["green", "red"], // a set: its order is nothing
    };
    await project.write(programOf(changed));
    const { it: update } = await project.plan();
    expect(update?.op).toBe("update");
    expect(update?.detailedDiff).toEqual({
      text: { kind: "update", inputDiff: true },
      'tags["a.b/c"]': { kind: "delete", inputDiff: true },
      "tags.new": { kind: "add", inputDiff: true },
      "ports[2]": { kind: "update", inputDiff: true },
      "endpoint.port": { kind: "update", inputDiff: true },
      "mirrors[1].host": { kind: "update", inputDiff: true },
    });
    const shown = await project.up("--diff");
    expect(shown).toContain("~ port: 443 => 8443");
    expect(shown).toMatch(/~ \[1\]: \{\s+~ host: "three.example" => "four.example"/);
    expect(shown).not.toContain("labels");
    expect(await project.recordedAs("it")).toMatchObject({ id, outputs: { name: outputs?.name, revision: 2 } });
    await project.expectSettled();

    await project.write(programOf({ ...changed, zone: "south" }));
    const { it: replacement } = await project.plan();
    expect(replacement).toMatchObject({ op: "replace", replaceReasons: ["zone"] });
    await project.up();
    expect(await project.effectsOn("it")).toEqual(["create", "update", "create", "delete"]);
    expect((await project.recordedAs("it")).id).not.toBe(id);
    await project.expectSettled();

    await project.succeed(["destroy", "--yes", "--skip-preview"]);
    expect(await project.objects()).toEqual([]);
    expect(await project.recorded()).toEqual([]);
  });

  it("is imported by its id alone, and what the CLI writes of it has nothing to do", async () => {
    const project = await Project.yaml({}, { secrets: ["known-to-the-world"] });
    const world = await Backend.open(project.world);
    const properties = { name: "found", text: "was here", tags: { a: "b" }, mirrors: [{ host: "m", port: 1 }] };
    const { id } = await world.create({ type: "Thing", urn: "of another program", properties });

    const generated = await project.succeed(["import", "fixture:index:Thing", "found", id, "--yes", "--protect=false"]);
    expect(generated).toContain("type: fixture:Thing");
    expect(generated).toMatch(/mirrors:\s+- host: m\s+port: 1/);
    await project.write({ resources: { found: { type: "fixture:Thing", properties } } });
    await project.expectSettled();
    expect(await project.effects()).toMatchObject([{ kind: "create", urn: "of another program" }]);

    // What is secret in the schema is secret in the state, although nobody said so at the import.
    const unnamed = { type: "Thing", urn: "of a third one", properties: { name: "n", secret: "known-to-the-world" } };
    const { id: secondId } = await world.create(unnamed);
    await project.succeed(["import", "fixture:index:Thing", "private", secondId, "--yes", "--generate-code=false"]);
    await project.expectNoSecretInState();

    expect(await project.fail(["import", "fixture:index:Thing", "lost", "thing-000000000000", "--yes"])).toContain(
      "does not exist",
    );
  });

  it("that cannot stand beside its successor is deleted first, and one whose password changed is not worked on", async () => {
    const programOf = (content: string, password: string) => ({
      resources: {
        place: { type: "fixture:Exclusive", properties: { slot: "one", content } },
        user: { type: "fixture:Account", properties: { username: "ada", password } },
      },
    });
    const project = await Project.yaml(programOf("first", "correct-horse"), {
      secrets: ["correct-horse", "battery-staple"],
    });
    await project.up();
    await project.expectSettled();

    await project.write(programOf("second", "battery-staple"));
    const { place, user } = await project.plan();
    expect(place).toMatchObject({ op: "replace", replaceReasons: ["content"] });
    expect(user).toMatchObject({ op: "update", detailedDiff: { password: { kind: "update", inputDiff: true } } });
    await project.up();
    expect(await project.effectsOn("place")).toEqual(["create", "delete", "create"]);
    expect(await project.recordedAs("user")).toMatchObject({ outputs: { passwordChanges: 1 } });
    await project.expectSettled();
  });

  it("that gets a password it had none of is told of it; one that is imported does not differ for it", async () => {
    const programOf = (properties: object, options: Readonly<Record<string, unknown>> = {}) => ({
      resources: { user: { type: "fixture:Account", properties: { username: "ada", ...properties }, options } },
    });
    const project = await Project.yaml(programOf({}), { secrets: ["correct-horse"] });
    await project.up();
    const password = "correct-horse";
    await project.write(programOf({ password }));
    const { user } = await project.plan();
    expect(user).toMatchObject({ op: "update", detailedDiff: { password: { kind: "add", inputDiff: true } } });
    await project.up();
    const { id = "", urn, outputs } = await project.recordedAs("user");
    expect(outputs).toMatchObject({ passwordChanges: 1 });
    await project.expectSettled();

    await project.succeed(["state", "delete", urn, "--yes"]);
    await project.write(programOf({ password }, { import: id }));
    await project.up();
    expect(await project.recordedAs("user")).toMatchObject({ id, outputs: { passwordChanges: 1 } });
    // The engine records what was read: the next update records what only the program knows.
    await project.up();
    expect(await project.recordedAs("user")).toMatchObject({ id, outputs: { passwordChanges: 2 } });
    await project.expectSettled();
  });
});
