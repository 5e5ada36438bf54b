import { describe, expect, test } from "vitest";
import * as z from "zod";
import type { Contradiction } from "../../../provider/kit/define/compile.ts";
import { defineComponent } from "../../../provider/kit/define/component.ts";
import { defineFunction } from "../../../provider/kit/define/function.ts";
import type { PropertyMeta } from "../../../provider/kit/define/meta.ts";
import type { ResourceDefinition } from "../../../provider/kit/define/resource.ts";
import { defineResource } from "../../../provider/kit/define/resource.ts";
import type { Duration } from "../../../provider/kit/define/scalars.ts";
import { archive, asset } from "../../../provider/kit/define/scalars.ts";

type Definition = ResourceDefinition<z.ZodObject, z.ZodObject>;

function resource(change: Partial<Definition>): string[] {
  const definition: Definition = {
    name: "Thing",
    description: "A thing.",
    inputs: z.object({}),
    outputs: z.object({}),
    ...change,
  };
  return written(defineResource(definition).descriptor.contradictions);
}

/** One line each: `Thing.inputs.a: has no description`. */
function written(contradictions: readonly Contradiction[]): string[] {
  return contradictions.map(({ at, problem }) => `${at}: ${problem}`);
}

/** A property that is described. */
function about<T extends z.ZodType>(schema: T, meta: PropertyMeta = {}): T {
  return schema.meta({ description: "Something.", ...meta });
}

const inputs = (shape: Record<string, z.ZodType>) => resource({ inputs: z.object(shape) });
const input = (schema: z.ZodType) => inputs({ a: schema });
const text = z.string().optional();

describe("an input", () => {
  test.each<[string, z.ZodType, string]>([
    ["without a description", z.string(), "has no description"],
    ["with a blank description", about(z.string(), { description: " " }), "has no description"],
    [
      "that is secret and has a default",
      about(z.string().default("x"), { secret: true }),
      "a secret cannot have a default, which everybody can read in the schema",
    ],
    [
      "whose default holds a secret",
      about(z.object({ p: about(z.string(), { secret: true }) }).default({ p: "x" })),
      "a secret cannot have a default, which everybody can read in the schema",
    ],
    [
      "whose default breaks its own rules",
      about(z.int().min(1).default(0)),
      "the default is wrong: expected at least 1",
    ],
    [
      "whose default is wrong inside",
      about(z.array(z.enum(["x"])).default(["y"] as never)),
      'the default is wrong: [0]: "y" is not allowed; expected "x"',
    ],
    [
      "whose example is wrong",
      about(z.int(), { examples: [1, "two"] }),
      "an example is wrong: expected a whole number, got a string",
    ],
    [
      "whose example is no value",
      about(z.any(), { examples: [new Date(0)] }),
      "an example is wrong: an object of class Date cannot be encoded",
    ],
    [
      "that is a credential and replaces",
      about(z.string(), { credential: true, replaces: true }),
      "a credential cannot replace the object",
    ],
    ["that is a set and no list", about(z.string(), { set: true }), '"set" is for lists'],
    ["that is hashed and no text", about(z.int(), { hash: true }), '"hash" is for strings, assets and archives'],
    ["of an automatic name that is no text", about(z.int().optional(), { autoname: {} }), '"autoname" is for strings'],
    [
      "of an automatic name that is required",
      about(z.string(), { autoname: {} }),
      "an automatic name needs an optional property",
    ],
    [
      "of an automatic name with a default",
      about(z.string().default("x"), { autoname: {} }),
      "an automatic name and a default exclude each other",
    ],
    [
      "of an automatic name in an object",
      about(z.object({ b: about(text, { autoname: {} }) })),
      '"autoname" is for properties of the resource itself',
    ],
    [
      "that is supplied and required",
      about(z.string(), { supplied: "x" }),
      "what is supplied needs an optional property",
    ],
    [
      "that is supplied and has a default",
      about(z.string().default("x"), { supplied: "x" }),
      "what is supplied has no other default",
    ],
    [
      "that is supplied in an object",
      about(z.object({ b: about(text, { supplied: "x" }) })),
      '"supplied" is for properties of the resource itself',
    ],
    [
      "from the environment that is required",
      about(z.string(), { environment: ["A"] }),
      "a default from the environment needs an optional property",
    ],
    [
      "with an alias that is no name",
      about(z.string(), { aliases: ["old-name"] }),
      'the alias "old-name" must be camelCase',
    ],
    [
      "with a type name that is none",
      about(z.enum(["x", "y"]), { typeName: "my-type" }),
      'the type name "my-type" must be PascalCase',
    ],
    ["with an empty object", about(z.object({})), "an object without properties means nothing"],
    [
      "with a description of a value that it cannot have",
      about(z.enum(["x", "y"]), { valueDescriptions: { z: "Z." } }),
      '"z" has a description and is no value of an enum',
    ],
    [
      "with descriptions of values that is no enum",
      about(z.string(), { valueDescriptions: { z: "Z." } }),
      '"z" has a description and is no value of an enum',
    ],
    [
      "with a default for an item",
      about(z.array(z.string().default("x"))),
      "a default is for properties, and this is a part of one",
    ],
    [
      "with the environment for an item",
      about(z.array(text.meta({ environment: ["A"] }))),
      '"environment" is for properties, and this is a part of one',
    ],
    [
      "with an alias for a value of a map",
      about(z.record(z.string(), z.string().meta({ aliases: ["b"] }))),
      '"aliases" is for properties, and this is a part of one',
    ],
    ["with a set of texts that are sets", about(z.array(z.string().meta({ set: true }))), '"set" is for lists'],
  ])("%s is a contradiction", (_, schema, problem) => {
    expect(input(schema).map((line) => line.replace(/^Thing\.inputs\.a(\.\w+)*: /, ""))).toEqual([problem]);
  });

  test.each(["id", "urn", "pulumi"])("named %s is a contradiction", (name) => {
    expect(inputs({ [name]: about(z.string()) })).toContain(`Thing.inputs.${name}: the name is reserved`);
  });
  test.each(["Upper", "snake_case", "kebab-case", "1st", "__proto", "ünicode"])(
    "named %s is a contradiction",
    (name) => {
      expect(inputs({ [name]: about(z.string()) })).toEqual([`Thing.inputs.${name}: the name must be camelCase`]);
    },
  );
  test("is named by its place, however deep", () => {
    const leaf = z.object({ c: z.string() });
    expect(input(about(z.array(z.object({ b: about(z.record(z.string(), leaf)) }))))).toEqual([
      "Thing.inputs.a.b.c: has no description",
    ]);
    expect(input(about(z.discriminatedUnion("k", [z.object({ k: z.literal("x") })])))).toEqual([
      "Thing.inputs.a.k: has no description",
    ]);
  });
  test("may be called id within an object", () => {
    expect(input(about(z.object({ id: about(z.string()), urn: about(z.string()) })))).toEqual([]);
  });
  test("of a type that contains itself is named once", () => {
    interface Tree {
      name: string;
      children?: Tree[] | undefined;
    }
    const tree: z.ZodType<Tree> = z.object({
      name: z.string(),
      get children() {
        return about(z.array(tree).optional());
      },
    });
    expect(input(about(tree))).toEqual(["Thing.inputs.a.name: has no description"]);
  });
});

describe("an output", () => {
  const output = (schema: z.ZodType) => resource({ outputs: z.object({ a: schema }) });
  test.each<[string, PropertyMeta]>([
    ["replaces", { replaces: true }],
    ["credential", { credential: true }],
    ["environment", { environment: ["A"] }],
    ["autoname", { autoname: {} }],
    ["aliases", { aliases: ["b"] }],
  ])("with %s is a contradiction", (key, meta) => {
    expect(output(about(text, meta))).toContain(`Thing.outputs.a: "${key}" is for inputs, and this is an output`);
    expect(output(about(z.object({ b: about(text, meta) })))).toContain(
      `Thing.outputs.a.b: "${key}" is for inputs, and this is an output`,
    );
  });
  test("with a default is a contradiction", () => {
    expect(output(about(z.string().default("x")))).toEqual(["Thing.outputs.a: an output cannot have a default"]);
  });
  test("that is an input too is a contradiction", () => {
    const both = z.object({ a: about(z.string()) });
    expect(resource({ inputs: both, outputs: both })).toEqual([
      "Thing.outputs.a: is an input too; inputs are outputs by themselves",
    ]);
  });
  test("may be secret, deprecated and a set", () => {
    expect(output(about(z.array(z.string()).optional(), { secret: true, set: true, deprecation: "no use" }))).toEqual(
      [],
    );
  });
});

describe("a resource", () => {
  const step = (state: { inputs: object; outputs: object }) => state as never;
  test.each<[string, Partial<Definition>, string]>([
    ["with a name that is no type's", { name: "thing" }, "thing: the name must be PascalCase"],
    ["with the name of providers", { name: "Provider" }, "Provider: the name is reserved"],
    ["without a description", { description: "\n" }, "Thing: has no description"],
    ["with a stable output that is none", { stableOutputs: ["b"] }, 'Thing.stableOutputs: "b" is no output'],
    [
      "without a step for an older state",
      { stateVersion: 2, migrations: { 0: step } },
      "Thing.migrations: the step from version 1 to 2 is missing",
    ],
    [
      "with a step too many",
      { stateVersion: 1, migrations: { 0: step, 1: step } },
      "Thing.migrations: the step from version 1 leads beyond stateVersion 1",
    ],
    ["with a step from no version", { migrations: { [-1]: step } }, 'Thing.migrations: "-1" is no version'],
    ["with half a version", { stateVersion: 0.5 }, "Thing.stateVersion: 0.5 is no version; count from 0"],
    ["with a negative version", { stateVersion: -1 }, "Thing.stateVersion: -1 is no version; count from 0"],
    [
      "with an alias that is no token",
      { aliases: ["OldThing"] },
      'Thing.aliases: "OldThing" is no type token such as "package:index:Name"',
    ],
    [
      "with a time limit that is none",
      { timeouts: { create: "-5m" } },
      'Thing.timeouts.create: "-5m" is not a duration',
    ],
  ])("%s is a contradiction", (_, change, problem) => {
    expect(resource(change)).toEqual([problem]);
  });

  test("with everything that there is contradicts nothing", () => {
    const login = about(
      z
        .object({
          username: about(z.string(), { aliases: ["user"], examples: ["deploy"] }),
          password: about(z.string().min(8).optional(), { secret: true, credential: true, environment: ["PASSWORD"] }),
        })
        .refine(({ username }) => username !== "root", "not as root"),
    );
    expect(
      resource({
        inputs: z.object({
          name: about(z.string().max(63).optional(), { autoname: { randomLength: 4, maxLength: 63 }, replaces: true }),
          login: login.optional(),
          mode: about(z.enum(["fast", "safe"]).default("safe"), {
            typeName: "Mode",
            valueDescriptions: { fast: "Fast.", safe: "Safe." },
          }),
          hosts: about(z.array(z.object({ port: about(z.int().default(22)) })).default([{ port: 22 }]), { set: true }),
          script: about(z.string().optional(), { hash: true, deprecation: "use `file`" }),
          file: about(asset().optional(), { hash: true }),
          files: about(z.array(archive().meta({ hash: true })).optional()),
          limits: about(z.object({ soft: about(z.int().default(1)) }).prefault({})),
          note: about(z.string().nullable().default(null)),
        }),
        outputs: z.object({ token: about(z.string(), { secret: true }), seen: about(z.array(z.string())) }),
        stableOutputs: ["token"],
        stateVersion: 2,
        migrations: { 0: step, 1: step },
        aliases: ["kace:index:OldThing", "kace:index/old:Thing"],
        timeouts: { create: "none", delete: "90s" },
      }),
    ).toEqual([]);
  });
});

describe("a function", () => {
  const made = (change: Partial<Parameters<typeof defineFunction>[0]>) =>
    written(
      defineFunction({
        name: "getThing",
        description: "Gets it.",
        inputs: z.object({}),
        outputs: z.object({}),
        ...change,
      }).descriptor.contradictions,
    );
  test.each<[string, Parameters<typeof made>[0], string[]]>([
    ["with a type's name", { name: "GetThing" }, ["GetThing: the name must be camelCase"]],
    ["without a description", { description: "" }, ["getThing: has no description"]],
    [
      "that replaces",
      { inputs: z.object({ a: about(z.string(), { replaces: true }) }) },
      ['getThing.inputs.a: "replaces" is for resource inputs'],
    ],
    [
      "with a credential",
      { inputs: z.object({ a: about(z.string(), { credential: true }) }) },
      ['getThing.inputs.a: "credential" is for resource inputs'],
    ],
    [
      "with a default result",
      { outputs: z.object({ a: about(z.string().default("x")) }) },
      ["getThing.outputs.a: an output cannot have a default"],
    ],
    ["with a time limit that is none", { timeout: "1e3s" as Duration }, ['getThing.timeout: "1e3s" is not a duration']],
  ])("%s is a contradiction", (_, change, problems) => {
    expect(made(change)).toEqual(problems);
  });
  test("may take an id and give defaults", () => {
    expect(made({ inputs: z.object({ id: about(z.string().default("x"), { environment: ["ID"] }) }) })).toEqual([]);
  });
});

describe("a component", () => {
  const made = (change: Partial<Parameters<typeof defineComponent>[0]>) =>
    written(
      defineComponent({ name: "Site", description: "A site.", inputs: z.object({}), outputs: z.object({}), ...change })
        .descriptor.contradictions,
    );
  const empty = { description: "Does it.", inputs: z.object({}), outputs: z.object({}) };
  test.each<[string, Parameters<typeof made>[0], string[]]>([
    ["with a function's name", { name: "site" }, ["site: the name must be PascalCase"]],
    [
      "that replaces",
      { inputs: z.object({ a: about(z.string(), { replaces: true }) }) },
      ['Site.inputs.a: "replaces" is for resource inputs'],
    ],
    [
      "with an automatic name",
      { inputs: z.object({ a: about(text, { autoname: {} }) }) },
      ['Site.inputs.a: "autoname" is for resource inputs'],
    ],
    [
      "with a reserved output",
      { outputs: z.object({ urn: about(z.string()) }) },
      ["Site.outputs.urn: the name is reserved"],
    ],
    ["with a type's name for a method", { methods: { Run: empty } }, ["Run: the name must be camelCase"]],
    [
      "with a method that nobody describes",
      { methods: { run: { ...empty, description: "" } } },
      ["run: has no description"],
    ],
    [
      "with an argument that nobody describes",
      { methods: { run: { ...empty, inputs: z.object({ a: z.string() }) } } },
      ["Site.run.inputs.a: has no description"],
    ],
    [
      "with a result that replaces",
      { methods: { run: { ...empty, outputs: z.object({ a: about(z.string(), { replaces: true }) }) } } },
      ['Site.run.outputs.a: "replaces" is for inputs, and this is an output'],
    ],
  ])("%s is a contradiction", (_, change, problems) => {
    expect(made(change)).toEqual(problems);
  });
  test("may have methods", () => {
    const run = {
      ...empty,
      inputs: z.object({ a: about(z.string().default("x")) }),
      outputs: z.object({ b: about(z.string()) }),
    };
    expect(made({ methods: { run } })).toEqual([]);
  });
});
