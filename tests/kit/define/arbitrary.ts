import * as fc from "fast-check";
import * as z from "zod";
import { asset, duration, numberOrPercent, resourceReference } from "../../../provider/kit/define/scalars.ts";
import type { Value, ValueMap } from "../../../provider/kit/define/value.ts";
import {
  Archive,
  Asset,
  OutputValue,
  ResourceReference,
  Secret,
  setKey,
  Unknown,
} from "../../../provider/kit/define/value.ts";

/** A schema together with values that it accepts. */
interface Typed {
  readonly schema: z.ZodType;
  readonly values: fc.Arbitrary<Value>;
}

/** What may stand around the values, at any place. */
export interface Wrapping {
  readonly secrets: boolean;
  readonly unknowns: boolean;
}

const unknowns: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom("string" as const, "number" as const, "object" as const).map((kind) => new Unknown(kind)),
  fc.constant(new OutputValue({ dependencies: ["urn:a"] })),
);

function wrapped(values: fc.Arbitrary<Value>, { secrets, unknowns: withUnknowns }: Wrapping): fc.Arbitrary<Value> {
  const choices: fc.WeightedArbitrary<Value>[] = [{ arbitrary: values, weight: 8 }];
  if (secrets) {
    choices.push(
      { arbitrary: values.map((value) => new Secret(value)), weight: 1 },
      { arbitrary: values.map((value) => new OutputValue({ value, secret: true })), weight: 1 },
    );
  }
  if (withUnknowns) choices.push({ arbitrary: unknowns, weight: 1 });
  if (secrets && withUnknowns) choices.push({ arbitrary: unknowns.map((value) => new Secret(value)), weight: 1 });
  return fc.oneof(...choices);
}

const hash = fc.constantFrom("aa", "bb");
const assets: fc.Arbitrary<Asset> = fc.oneof(
  fc.tuple(fc.string(), hash).map(([text, digest]) => new Asset({ kind: "text", text }, digest)),
  hash.map((digest) => new Asset({ kind: "elided" }, digest)),
);
const references = fc
  .record({ urn: fc.constantFrom("urn:a", "urn:b"), id: fc.constantFrom("1", "2") })
  .map((content) => new ResourceReference(content));

const leaves: fc.Arbitrary<Typed> = fc.constantFrom<Typed>(
  { schema: z.string(), values: fc.string() },
  { schema: z.string().min(2).nullable(), values: fc.option(fc.string({ minLength: 2 })) },
  { schema: z.string().meta({ secret: true }), values: fc.string() },
  { schema: z.number(), values: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { schema: z.int().min(0).max(65_535), values: fc.nat(65_535) },
  { schema: z.boolean(), values: fc.boolean() },
  { schema: z.enum(["sudo", "su", "none"]), values: fc.constantFrom("sudo", "su", "none") },
  { schema: z.literal([1, 2, 3]), values: fc.constantFrom(1, 2, 3) },
  { schema: duration(), values: fc.nat().map((count) => `${count}s`) },
  {
    schema: numberOrPercent(),
    values: fc.oneof(
      fc.nat(),
      fc.nat(100).map((share) => `${share}%`),
    ),
  },
  { schema: asset(), values: assets },
  { schema: resourceReference("Thing"), values: references },
);

const propertyNames = fc.constantFrom("a", "b", "c", "constructor", "toString", "hasOwnProperty");

function typed(wrapping: Wrapping): fc.Arbitrary<Typed> {
  const wrap = ({ schema, values }: Typed): Typed => ({ schema, values: wrapped(values, wrapping) });
  return fc.letrec<{ type: Typed; object: Typed }>((tie) => ({
    type: fc.oneof(
      { maxDepth: 3 },
      leaves.map(wrap),
      fc.tuple(tie("type"), fc.boolean()).map(([item, set]) =>
        wrap({
          schema: set ? z.array(item.schema).meta({ set }) : z.array(item.schema),
          values: fc.array(item.values, { maxLength: 3 }),
        }),
      ),
      tie("type").map((item) => wrap({ schema: z.record(z.string(), item.schema), values: mapsOf(item.values) })),
      tie("object").map(wrap),
      fc.tuple(tie("object"), tie("object")).map(([one, two]) => wrap(union(one, two))),
    ),
    object: fc
      .uniqueArray(
        fc.tuple(propertyNames, tie("type"), fc.constantFrom("required", "optional", "secret", "replaces")),
        {
          selector: ([name]) => name,
          maxLength: 4,
        },
      )
      .map(objectOf),
  })).object;
}

function objectOf(properties: [string, Typed, "required" | "optional" | "secret" | "replaces"][]): Typed {
  const schema: Record<string, z.ZodType> = {};
  const values: Record<string, fc.Arbitrary<Value>> = {};
  const optional: string[] = [];
  for (const [name, type, mode] of properties) {
    if (mode === "optional") optional.push(name);
    schema[name] =
      mode === "optional"
        ? type.schema.optional()
        : mode === "required"
          ? type.schema
          : type.schema.meta({ [mode]: true });
    values[name] = type.values;
  }
  const requiredKeys = Object.keys(values).filter((name) => !optional.includes(name));
  return { schema: z.object(schema), values: fc.record(values, { requiredKeys }) };
}

function union(one: Typed, two: Typed): Typed {
  const option = ({ schema, values }: Typed, kind: string): Typed => ({
    schema: (schema as z.ZodObject).extend({ kind: z.literal(kind) }), // made by objectOf
    values: values.map((value) => ({ ...(value as ValueMap), kind })),
  });
  const options = [option(one, "one"), option(two, "two")] as const;
  return {
    schema: z.discriminatedUnion("kind", [options[0].schema as z.ZodObject, options[1].schema as z.ZodObject]),
    values: fc.oneof(options[0].values, options[1].values),
  };
}

function mapsOf(values: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  const keys = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "app.kubernetes.io/name"));
  return fc.array(fc.tuple(keys, values), { maxLength: 3 }).map((entries) => {
    const map: Record<string, Value> = {};
    for (const [key, value] of entries) setKey(map, key, value);
    return map;
  });
}

/** A random object schema, and values that fit it. */
export function schemaAndValues(
  wrapping: Wrapping,
): fc.Arbitrary<{ schema: z.ZodObject; values: fc.Arbitrary<ValueMap> }> {
  return typed(wrapping).map(({ schema, values }) => ({
    schema: schema as z.ZodObject, // made by objectOf
    values: values as fc.Arbitrary<ValueMap>,
  }));
}

/** Values of every kind with no regard to any schema. */
export const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.string(),
    unknowns,
    assets,
    references,
    fc.constant(new Archive({ kind: "elided" }, "cc")),
    tie("value").map((value) => new Secret(value)),
    tie("value").map((value) => new OutputValue({ value, dependencies: ["urn:a"] })),
    fc.array(tie("value"), { maxLength: 3 }),
    mapsOf(tie("value")),
    fc.dictionary(propertyNames, tie("value"), { maxKeys: 4 }),
  ),
})).value;
