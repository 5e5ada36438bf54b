import { describe, expect, test } from "vitest";
import * as z from "zod";
import { archive, asset, duration, numberOrPercent, resourceReference } from "../../../provider/kit/define/scalars.ts";
import type { ObjectShape, Shape } from "../../../provider/kit/define/shape.ts";
import { describeShape, discriminatorValues, eachShape, optionFor } from "../../../provider/kit/define/shape.ts";
import { compiled, compiledWith } from "./compiled.ts";

/** A shape in one line: its kinds, and whether it may be absent (`?`), null (`~`) or has rules of its own (`!`). */
function outline(shape: Shape): string {
  const marks = `${shape.optional ? "?" : ""}${shape.nullable ? "~" : ""}${shape.hasRules ? "!" : ""}`;
  switch (shape.kind) {
    case "array":
      return `${marks}[${outline(shape.items)}]`;
    case "map":
      return `${marks}<${outline(shape.values)}>`;
    case "union":
      return `${marks}(${shape.options.map(outline).join("|")})`;
    case "enum":
      return `${marks}${JSON.stringify(shape.values)}`;
    case "object":
      return `${marks}{${[...shape.properties].map(([name, part]) => `${name}:${outline(part)}`).join(",")}}`;
    default:
      return `${marks}${shape.kind}`;
  }
}

describe("a schema is read as", () => {
  // What TypeScript makes of `enum Native { One = 1, Two = 2 }`.
  const native = { One: 1, Two: 2, 1: "One", 2: "Two" } as const;
  test.each<[string, z.ZodType, string]>([
    ["text", z.string(), "text"],
    ["text with a limit", z.string().min(1), "!text"],
    ["text with a format", z.email(), "!text"],
    ["text with a format as a rule", z.string().startsWith("a"), "!text"],
    ["a template", z.templateLiteral(["v", z.int()]), "!text"],
    ["a duration", duration(), "!text"],
    ["a number", z.number(), "number"],
    ["a number with a limit", z.number().max(1), "!number"],
    ["a whole number", z.int(), "!integer"],
    ["a whole number by rule", z.number().int(), "!integer"],
    ["a whole number of 32 bits", z.int32(), "!integer"],
    ["a number of 32 bits", z.float32(), "!number"],
    ["a boolean", z.boolean(), "boolean"],
    ["anything", z.any(), "any"],
    ["something unknown to us", z.unknown(), "any"],
    ["an asset", asset(), "!asset"],
    ["an archive", archive(), "!archive"],
    ["a resource", resourceReference("Thing"), "reference"],
    ["an enum", z.enum(["a", "b"]), '["a","b"]'],
    ["an enum of numbers", z.enum({ One: 1, Two: 2 }), "[1,2]"],
    ["a TypeScript enum", z.enum(native), "[1,2]"],
    ["a constant", z.literal(true), "[true]"],
    ["a list with a limit", z.array(z.int()).min(1), "![!integer]"],
    ["a map", z.record(z.string(), z.string()), "<text>"],
    ["a map with rules for its keys", z.record(z.string().min(1), z.string()), "!<text>"],
    ["a map with certain keys", z.partialRecord(z.enum(["a"]), z.string()), "!<text>"],
    ["an object with a rule", z.object({ a: z.string() }).refine(() => true), "!{a:text}"],
    ["a number or percentage", numberOrPercent(), "(!integer|!text)"],
    [
      "a union of which a part may be null",
      z.union([z.string().nullable(), z.int().optional()]),
      "?~(~text|?!integer)",
    ],
    ["wrappers in any order", z.string().nullable().default("a").readonly(), "?~text"],
    ["wrappers in another order", z.string().readonly().default("a").nullable().optional(), "?~text"],
    ["a lazy type with rules on both sides", z.lazy(() => z.string().nullable()).refine(() => true), "~!text"],
    ["an optional lazy type", z.lazy(() => z.string()).optional(), "?text"],
  ])("%s", (_, schema, expected) => {
    expect(outline(compiled(schema))).toBe(expected);
  });

  test("a default is that of the outermost wrapper, also around a lazy type", () => {
    expect(compiled(z.string().default("inner").default("outer")).defaultValue).toBe("outer");
    expect(compiled(z.lazy(() => z.string()).default("x")).defaultValue).toBe("x");
    expect(compiled(z.lazy(() => z.string().default("x"))).defaultValue).toBe("x");
    expect(compiled(z.object({ a: z.string().default("x") }).prefault({})).defaultValue).toEqual({});
    expect(compiled(z.string().nullable().default(null)).defaultValue).toBeNull();
  });

  test("metadata of the outside comes before that of the inside", () => {
    const schema = z.string().meta({ description: "inner", secret: true }).optional().meta({ description: "outer" });
    expect(compiled(schema).meta).toEqual({ description: "outer", secret: true });
    expect(compiled(duration().meta({ description: "d" }).default("2s")).meta).toMatchObject({ description: "d" });
    expect(
      compiled(z.lazy(() => z.string().meta({ description: "inner", secret: true })).meta({ description: "outer" }))
        .meta,
    ).toEqual({
      description: "outer",
      secret: true,
    });
  });
});

describe("named types", () => {
  const typeNames = (schema: z.ZodType) => {
    const names: string[] = [];
    eachShape(compiled(schema), (shape) => {
      if ((shape.kind === "object" || shape.kind === "enum") && shape.typeName !== undefined)
        names.push(shape.typeName);
    });
    return names;
  };
  test("are named by the place where they are used, unless they say their name", () => {
    const schema = z.object({
      nameServer: z.object({ mode: z.enum(["a", "b"]) }),
      hosts: z.array(z.object({ policies: z.record(z.string(), z.object({ a: z.string() })) })),
      address: z.array(z.object({ a: z.string() })),
      auth: z.discriminatedUnion("method", [
        z.object({ method: z.literal("ssh-key") }),
        z.object({ method: z.literal("v1.2") }),
        z.object({ method: z.enum(["x", "y"]) }),
      ]),
      own: z.object({ a: z.literal(["x", "y"]).meta({ typeName: "Letter" }) }).meta({ typeName: "Own" }),
    });
    expect(typeNames(schema)).toEqual([
      "Thing",
      "ThingNameServer",
      "ThingNameServerMode",
      "ThingHost",
      "ThingHostPolicy",
      "ThingAddressItem",
      "ThingAuthSshKey",
      "ThingAuthV12",
      "ThingAuthOption3",
      "ThingAuthOption3Method",
      "Own",
      "Letter",
    ]);
  });
  test("may contain themselves, by lazy types and by getters", () => {
    interface Tree {
      name: string;
      children: Tree[];
    }
    const lazy: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(lazy) }));
    const getter = z.object({
      name: z.string(),
      get children() {
        return z.array(getter).optional();
      },
    });
    for (const tree of [lazy, getter])
      expect(typeNames(z.object({ tree }))).toEqual(["Thing", "ThingTree", "ThingTree"]);
  });
});

describe("shapes", () => {
  test("are described in a few words", () => {
    const many = z.enum(Array.from({ length: 20 }, (_, index) => `v${index}`));
    expect(describeShape(compiled(z.literal("a")))).toBe('"a"');
    expect(describeShape(compiled(z.literal([1, 2])))).toBe("one of 1 or 2");
    expect(describeShape(compiled(many))).toMatch(/and 8 more$/);
    expect(describeShape(compiled(duration()))).toBe(
      'a duration: a number and a unit, such as "500ms", "2s", "5m" or "1h"',
    );
    expect(describeShape(compiled(z.union([z.string(), z.record(z.string(), z.int()), z.boolean()])))).toBe(
      "a string or a map or true or false",
    );
  });
  test("of unions select their option by the discriminator", () => {
    const union = compiled(
      z.discriminatedUnion("v", [z.object({ v: z.literal(1) }), z.object({ v: z.literal([2, 3]), b: z.string() })]),
    );
    if (union.kind !== "union") throw new Error("not a union");
    expect([...discriminatorValues(union).keys()]).toEqual(["1", "2", "3"]);
    const second = optionFor(union, 3) as ObjectShape;
    expect([...second.properties.keys()]).toEqual(["v", "b"]);
    for (const other of ["1", undefined, null, "constructor", {}]) expect(optionFor(union, other)).toBeUndefined();
  });
});

describe("a schema that no wire can carry is a contradiction:", () => {
  const json: z.ZodType = z.lazy(() => z.union([z.string(), z.array(json)]));
  test.each<[string, z.ZodType, RegExp]>([
    ["a tuple", z.tuple([z.string()]), /^zod's "tuple" cannot be sent to every language/],
    ["a date", z.date(), /^zod's "date"/],
    ["a big integer", z.bigint(), /^zod's "bigint"/],
    ["null", z.null(), /^zod's "null"/],
    ["a transform", z.string().transform(Number), /^zod's "pipe"/],
    ["a text that means a boolean", z.stringbool(), /^zod's "pipe"/],
    ["a catch", z.string().catch("a"), /^zod's "catch"/],
    [
      "an intersection",
      z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() })),
      /^zod's "intersection"/,
    ],
    ["trimming", z.string().trim(), /^a rule that changes the value \(trim, toLowerCase\) has no effect/],
    ["lower case", z.string().min(1).toLowerCase(), /^a rule that changes the value/],
    ["coercion", z.coerce.number(), /^a value that is coerced/],
    [
      "an object that lets unknown keys pass",
      z.looseObject({ a: z.string() }),
      /^an object cannot let unknown keys pass/,
    ],
    [
      "an object with a catch-all",
      z.object({ a: z.string() }).catchall(z.string()),
      /^an object cannot let unknown keys pass/,
    ],
    ["a default that is no JSON", z.any().default(() => new Date(0)), /^the default is not a JSON value/],
    ["metadata with a typing mistake", z.string().meta({ secert: true }), /^the metadata "secert" means nothing here/],
    ["an enum of different types", z.literal(["a", 1]), /^the values of an enum must be/],
    [
      "an alias that is a property",
      z.object({ a: z.string().meta({ aliases: ["b"] }), b: z.string() }),
      /^the alias "b" is the name of another/,
    ],
    [
      "an alias of itself",
      z.object({ a: z.string().meta({ aliases: ["a"] }) }),
      /^the alias "a" is the name of another/,
    ],
    [
      "an alias of two",
      z.object({ a: z.string().meta({ aliases: ["c"] }), b: z.string().meta({ aliases: ["c"] }) }),
      /^the alias "c" is the name of another/,
    ],
    [
      "a union of objects",
      z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]),
      /^the options of a union cannot be told apart/,
    ],
    [
      "a union of an object and a map",
      z.union([z.object({ a: z.string() }), z.record(z.string(), z.string())]),
      /cannot be told apart/,
    ],
    ["a union of a constant and a text", z.union([z.literal("auto"), z.string()]), /cannot be told apart/],
    ["a union of constants", z.union([z.literal("a"), z.literal("b")]), /use z.enum for constants/],
    ["a union with anything", z.union([z.string(), z.any()]), /cannot be told apart/],
    ["a union of numbers", z.union([z.int(), z.number()]), /cannot be told apart/],
    ["a union in a union", z.union([z.string(), z.union([z.int(), z.email()])]), /cannot be told apart/],
    [
      "an option without a constant",
      z.discriminatedUnion("k", [z.object({ k: z.literal("a").optional() }), z.object({ k: z.literal("b") })]),
      /^each option must be an object whose "k"/,
    ],
    [
      "two options with one constant",
      z.discriminatedUnion("k", [z.object({ k: z.literal("a") }), z.object({ k: z.enum(["a", "b"]) })]),
      /^two options have the same "k": "a"/,
    ],
    ["a map with numbers for keys", z.record(z.number(), z.string()), /^the keys of a record must be strings/],
    ["a type that is nothing but itself", json, /^a type can contain itself only by way of an object/],
  ])("%s", (_, schema, problem) => {
    expect(compiledWith(z.object({ x: schema })).contradictions.map((found) => found.problem)).toEqual([
      expect.stringMatching(problem),
    ]);
  });

  test("and is named by its place", () => {
    const schema = z.object({ a: z.array(z.object({ b: z.record(z.string(), z.date()) })) });
    expect(compiledWith(schema).contradictions.map(({ at }) => at)).toEqual(["Thing.a[].b{}"]);
  });
});

test("a union of what can be told apart is none", () => {
  const options = z.discriminatedUnion("k", [z.object({ k: z.literal("a") }), z.object({ k: z.literal("b") })]);
  const schemas = [
    z.union([z.string(), z.int(), z.boolean(), z.array(z.string()), z.object({ a: z.string() }), asset(), archive()]),
    z.union([z.literal(["auto", "off"]), z.int()]),
    z.union([z.string(), options]),
    options,
  ];
  for (const schema of schemas) expect(compiledWith(schema).contradictions).toEqual([]);
});
