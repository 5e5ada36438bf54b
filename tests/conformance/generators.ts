import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { type PackageSchema, type Properties, type ResourceSchema, resolve, type TypeSchema } from "./schema.ts";
import { ARCHIVE, ASSET, type Json, type JsonMap, REFERENCE, SIGNATURE } from "./wire.ts";

/** The operations on which a provider can be made to linger, break or go wrong. */
export type Operation = "create" | "read" | "update" | "delete";

/** A change of inputs and what a Diff must say of it. */
export interface Mutation {
  readonly name: string;
  readonly apply: (inputs: JsonMap) => JsonMap;
  readonly expect: "none" | "update" | "replace";
  /** A path that the detailed diff must name. */
  readonly path?: string;
}

/** How the inputs of a resource are made. All but `inputs` is for resources that can be told to misbehave. */
export interface ResourceGenerator {
  /** Inputs as a program would give them: all of them are valid. */
  readonly inputs: fc.Arbitrary<JsonMap>;
  readonly mutations?: readonly Mutation[];
  /** What a refresh goes by instead of a record of the object; then it cannot see that the record was deleted. */
  readonly refreshedFrom?: string;
  /** Inputs under which an operation takes until it is told to stop; it may have had its effect by then. */
  readonly lingering?: readonly { readonly operation: Operation; readonly apply: (inputs: JsonMap) => JsonMap }[];
  /** Inputs under which the process ends after the effect of an operation and before its answer, once. */
  readonly crashing?: readonly { readonly operation: Operation; readonly apply: (inputs: JsonMap) => JsonMap }[];
  /** Inputs under which an operation goes wrong; each must be answered, and lose neither objects nor secrets. */
  readonly faults?: readonly {
    readonly name: string;
    readonly operation: Operation;
    readonly apply: (inputs: JsonMap) => JsonMap;
  }[];
}

/** A file with the hash that the engine would send. */
export function asset(text: string): JsonMap {
  return { [SIGNATURE]: ASSET, text, hash: createHash("sha256").update(text).digest("hex") };
}

/** A tree of files with a hash, as the engine would send. */
export function archive(files: Readonly<Record<string, string>>): JsonMap {
  const assets = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, asset(text)]));
  return { [SIGNATURE]: ARCHIVE, assets, hash: createHash("sha256").update(JSON.stringify(files)).digest("hex") };
}

/** A reference to another resource. */
export function reference(token: string, id: string): JsonMap {
  return {
    [SIGNATURE]: REFERENCE,
    urn: `urn:pulumi:conformance::conformance::${token}::${id}`,
    id,
    packageVersion: "",
  };
}

/** Texts that stand nowhere by chance, so that one of them in a log proves where it came from. */
export function distinctText(): fc.Arbitrary<string> {
  return fc
    .string({ unit: "grapheme-ascii", minLength: 0, maxLength: 12 })
    .chain((text) =>
      fc.integer({ min: 0, max: 2 ** 48 - 1 }).map((number) => `${text}~${number.toString(36).padStart(10, "0")}`),
    );
}

/** True for a text that {@link distinctText} made. */
export function isDistinct(text: string): boolean {
  return /~[0-9a-z]{10}$/.test(text);
}

/** Texts that providers often want where the schema says no more than "string". */
const LIKELY_TEXTS = [
  "1h",
  "10%",
  "host.example",
  "192.0.2.1",
  "00:00",
  "2030-01-01T00:00:00Z",
  "https://host.example",
  "1",
  "*",
];

/** Inputs made from the schema alone: right by their kind, though a provider may have rules that no schema says. */
export function inputsFromSchema(schema: PackageSchema, resource: ResourceSchema): fc.Arbitrary<JsonMap> {
  return objectArbitrary(schema, resource.inputProperties ?? {}, resource.requiredInputs ?? [], 0);
}

/** Arguments of a function, made from the schema alone. */
export function objectArbitrary(
  schema: PackageSchema,
  properties: Properties,
  required: readonly string[],
  depth: number,
): fc.Arbitrary<JsonMap> {
  const arbitraries: Record<string, fc.Arbitrary<Json>> = {};
  for (const [name, type] of Object.entries(properties)) {
    if (depth < 3 || required.includes(name)) arbitraries[name] = typeArbitrary(schema, type, depth + 1);
  }
  return fc.record(arbitraries, {
    requiredKeys: Object.keys(arbitraries).filter((name) => required.includes(name)),
    noNullPrototype: true,
  });
}

function typeArbitrary(schema: PackageSchema, type: TypeSchema, depth: number): fc.Arbitrary<Json> {
  const resolved = resolve(schema, type);
  switch (resolved.kind) {
    case "string":
      return fc.oneof(
        { weight: 3, arbitrary: distinctText() },
        { weight: 1, arbitrary: fc.constantFrom(...LIKELY_TEXTS) },
      );
    case "number":
    case "integer":
      return fc.integer({ min: 1, max: 5 });
    case "boolean":
      return fc.boolean();
    case "any":
      return fc.oneof(
        distinctText(),
        fc.integer(),
        fc.boolean(),
        fc.dictionary(fc.constantFrom("a", "b"), distinctText(), { noNullPrototype: true }),
      );
    case "const":
      return fc.constant(resolved.value);
    case "enum":
      return fc.constantFrom(...resolved.values);
    case "asset":
      return distinctText().map(asset);
    case "archive":
      return distinctText().map((text) => archive({ file: text }));
    case "reference":
      return fc.integer({ min: 1, max: 3 }).map((number) => reference(resolved.token, `object-${number}`));
    case "array":
      return fc.array(typeArbitrary(schema, resolved.items, depth + 1), { maxLength: 3 });
    case "map":
      return fc.dictionary(fc.constantFrom("one", "two", "a.b/c"), typeArbitrary(schema, resolved.values, depth + 1), {
        noNullPrototype: true,
        maxKeys: 2,
      });
    case "object":
      return objectArbitrary(schema, resolved.properties, resolved.required, depth + 1);
    case "union":
      return fc.oneof(...resolved.options.map((option) => typeArbitrary(schema, option, depth + 1)));
    default:
      return resolved satisfies never;
  }
}
