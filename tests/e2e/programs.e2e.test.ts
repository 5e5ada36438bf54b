import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { Backend } from "../fixture/backend.ts";
import { InlineStack } from "./inline.ts";
import { countObjects, countObjectsOutput, Faulty, Note, Pair, Provider, sealOutput, Thing } from "./sdk.ts";

/** What the engine shows in place of a value that is not known yet. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("a TypeScript program", () => {
  it("uses resources, components, methods, functions and several providers, and settles", async () => {
    const secrets = ["the-secret-of-the-pair", "the-key-of-the-seal", "the-token-of-another"];
    const program = async () => {
      const other = new Provider("other", {
        owner: "somebody else",
        apiToken: pulumi.secret("the-token-of-another"),
        limits: { objects: 9 },
      });
      const note = new Note("note", { text: "hello" });
      const thing = new Thing("thing", { count: note.length, text: note.id, friend: note });
      const foreign = new Thing("foreign", { text: pulumi.interpolate`of ${note.id}` }, { provider: other });
      const pair = new Pair("pair", { first: "one", second: note.text, secret: "the-secret-of-the-pair" });
      const counted = await countObjects({ type: "Note" });
      const countedByOther = countObjectsOutput({ type: note.text }, { provider: other });
      const sealed = sealOutput({ text: pair.texts[0] ?? note.text, key: pulumi.secret("the-key-of-the-seal") });
      return {
        totalLength: pair.totalLength,
        texts: pair.texts,
        whisper: pair.whisper,
        greeting: pair.greet(pulumi.interpolate`Hello ${note.length} times`).text,
        preview: counted.preview,
        owner: thing.owner,
        foreignOwner: foreign.owner,
        countedOwner: countedByOther.owner,
        seal: sealed.seal,
        sealedLength: sealed.length,
      };
    };
    const stack = await InlineStack.create(program, {
      secrets,
      secretConfig: { "fixture:apiToken": "token-in-config" },
    });
    const preview = await stack.preview();
    expect(await stack.project.effects()).toEqual([]);
    // What follows from the inputs alone is known in a preview; what the outside world decides is not.
    expect(preview.steps.thing?.new?.inputs).toMatchObject({ count: UNKNOWN, text: UNKNOWN });
    expect(preview.output).toMatch(/owner {7}: "tests"/);
    expect(preview.output).toMatch(/foreignOwner: "somebody else"/);
    expect(preview.output).toMatch(/preview {5}: true/);
    expect(preview.output).toMatch(/countedOwner: \[unknown\]/);
    expect(preview.output).toMatch(/whisper {5}: \[secret\]/);
    expect(Object.keys(preview.steps)).toEqual(expect.arrayContaining(["pair", "pair-first", "pair-second"]));

    await stack.up();
    const outputs = await stack.outputs();
    expect(outputs).toMatchObject({
      totalLength: { value: 8, secret: false },
      texts: { value: ["one", "hello"], secret: false },
      whisper: { value: "psst: the-secret-of-the-pair", secret: true },
      greeting: { value: "Hello 5 times from pair", secret: false },
      preview: { value: false },
      owner: { value: "tests" },
      foreignOwner: { value: "somebody else" },
      countedOwner: { value: "somebody else" },
      seal: { secret: true },
    });
    stack.project.secrets.push("psst: ", String(outputs.seal?.value));
    const [thing] = (await stack.project.objects("Thing")).filter(({ urn }) => urn.endsWith("::thing"));
    const note = await stack.project.recordedAs("note");
    expect(thing?.properties).toMatchObject({ count: 5, text: note.id, friend: { urn: note.urn, id: note.id } });
    await stack.expectSettled();

    await stack.destroy();
    expect(await stack.project.objects()).toEqual([]);
  });

  it("has its options kept: what to ignore, replace, hide, import and protect, and what had another name", async () => {
    const found: { id?: string } = {};
    const before = async () => {
      new Thing("ignoring", { text: "first", tags: { a: "1", b: "1" } }, { ignoreChanges: ["text", "tags.a"] });
      new Thing("replacing", { text: "first", tags: { a: "1", b: "1" } }, { replaceOnChanges: ["tags.a"] });
      new Thing("hiding", { text: "the-hidden-text" }, { additionalSecretOutputs: ["text", "digest"] });
      new Thing("imported", { name: "found", text: "was here" }, found.id === undefined ? {} : { import: found.id });
      new Thing("protected", {}, { protect: true });
      const old = new Thing("old-name", {});
      new Note("child-of-old", { text: "hi" }, { parent: old });
    };
    const after = async () => {
      new Thing("ignoring", { text: "second", tags: { a: "2", b: "1" } }, { ignoreChanges: ["text", "tags.a"] });
      new Thing("replacing", { text: "first", tags: { a: "2", b: "1" } }, { replaceOnChanges: ["tags.a"] });
      new Thing("hiding", { text: "the-hidden-text" }, { additionalSecretOutputs: ["text", "digest"] });
      new Thing("imported", { name: "found", text: "is changed" });
      const renamed = new Thing("new-name", {}, { aliases: [{ name: "old-name" }] });
      new Note("child-of-old", { text: "hi" }, { parent: renamed });
    };
    const stack = await InlineStack.create(before);
    const world = await Backend.open(stack.project.world);
    found.id = (
      await world.create({
        type: "Thing",
        urn: "made by hand::imported",
        properties: { name: "found", text: "was here" },
      })
    ).id;
    await stack.up();
    await stack.expectSettled();
    expect((await stack.project.recordedAs("imported")).id).toBe(found.id);
    expect(await stack.project.effectsOn("imported")).toEqual(["create"]);
    const isSecret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
    expect((await stack.project.recordedAs("hiding")).outputs).toMatchObject({ text: isSecret, digest: isSecret });
    const old = await stack.project.recordedAs("old-name");

    stack.program = after;
    expect((await stack.failingPreview()).output).toMatch(/cannot be deleted\s+because it is protected/);
    stack.program = async () => {
      await after();
      new Thing("protected", {}, { protect: false });
    };
    const { steps } = await stack.preview();
    expect(Object.keys(steps).sort()).toEqual(["imported", "replacing"]);
    expect(steps.imported).toMatchObject({ op: "update", detailedDiff: { text: { diffKind: "update" } } });
    await stack.up();
    expect(await stack.project.effectsOn("ignoring")).toEqual(["create"]);
    expect(await stack.project.effectsOn("replacing")).toEqual(["create", "create", "delete"]);
    expect(await stack.project.effectsOn("imported")).toEqual(["create", "update"]);
    expect(await stack.project.recordedAs("new-name")).toMatchObject({ id: old.id });
    await stack.expectSettled();
  });

  it("gives its own time-outs to the provider", async () => {
    const stack = await InlineStack.create(async () => {
      new Faulty("patient", { behaviour: "wait" }, { customTimeouts: { create: "1s" } });
    });
    const { output } = await stack.failingUp();
    expect(output).toContain("patient took longer than 1s");
    expect(await stack.project.objects()).toEqual([]);
  });
});
