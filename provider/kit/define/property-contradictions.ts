import { checkValue } from "./check.ts";
import type { Contradiction } from "./compile.ts";
import type { PropertyMeta } from "./meta.ts";
import { formatPath } from "./path.ts";
import { describeProblem, valueFrom } from "./plain.ts";
import type { Shape } from "./shape.ts";
import type { Value } from "./value.ts";
import { hasSecret } from "./value.ts";

/** Which side of a descriptor an object describes: each side has rules of its own. */
export type Side = "inputs" | "outputs" | "config" | "component" | "arguments" | "result";

export const TYPE_NAME = /^[A-Z][A-Za-z0-9]*$/;
export const PROPERTY_NAME = /^[a-z][A-Za-z0-9]*$/;

/** Names that mean something else on a resource, or that one of the SDK languages cannot carry. */
const RESERVED: Readonly<Record<Side, readonly string[]>> = {
  inputs: ["id", "urn", "pulumi"],
  outputs: ["id", "urn", "pulumi"],
  component: ["id", "urn", "pulumi"],
  config: ["version", "pluginDownloadURL", "urn", "id", "pulumi"],
  arguments: ["pulumi"],
  result: ["pulumi"],
};
const RESERVED_NESTED: readonly string[] = ["pulumi"];

type MetaKey = keyof PropertyMeta;

/** What only users' values have. */
const INPUT_KEYS: readonly MetaKey[] = ["replaces", "credential", "environment", "autoname", "supplied", "aliases"];
/** What only the inputs of a resource have; a change of configuration may replace too. */
const RESOURCE_KEYS: readonly MetaKey[] = ["replaces", "credential", "autoname", "supplied"];
/** What only a property has, and not an item of a list or map or an option of a union. */
const PROPERTY_KEYS: readonly MetaKey[] = ["environment", "autoname", "supplied", "aliases", "deprecation"];

/** Everything in a property, apart from the objects in it, that cannot be true at once. */
export function propertyContradictions(
  name: string,
  shape: Shape,
  at: string,
  side: Side,
  nested: boolean,
): Contradiction[] {
  const { meta } = shape;
  const problems: string[] = [];
  if (!PROPERTY_NAME.test(name)) problems.push("the name must be camelCase");
  if ((nested ? RESERVED_NESTED : RESERVED[side]).includes(name)) problems.push("the name is reserved");
  if ((meta.description ?? "").trim() === "") problems.push("has no description");
  problems.push(...sideProblems(shape, side), ...defaultProblems(shape));
  if (meta.autoname !== undefined) {
    if (shape.kind !== "text") problems.push('"autoname" is for strings');
    if (!shape.optional) problems.push("an automatic name needs an optional property");
    if (shape.defaultValue !== undefined) problems.push("an automatic name and a default exclude each other");
    if (nested) problems.push('"autoname" is for properties of the resource itself');
  }
  if (meta.supplied !== undefined) {
    if (!shape.optional) problems.push("what is supplied needs an optional property");
    if (shape.defaultValue !== undefined || meta.autoname !== undefined)
      problems.push("what is supplied has no other default");
    if (nested) problems.push('"supplied" is for properties of the resource itself');
  }
  if (meta.environment !== undefined && !shape.optional)
    problems.push("a default from the environment needs an optional property");
  for (const alias of meta.aliases ?? []) {
    if (!PROPERTY_NAME.test(alias)) problems.push(`the alias "${alias}" must be camelCase`);
  }
  if (side === "config" && !nested && shape.kind === "any")
    problems.push("configuration comes as text: it needs a type to be read");
  eachPart(shape, false, (part, inside) => problems.push(...partProblems(part, side, inside)));
  return problems.map((problem) => ({ at, problem }));
}

function isUserSide(side: Side): boolean {
  return side !== "outputs" && side !== "result";
}

function sideProblems(shape: Shape, side: Side): string[] {
  const problems: string[] = [];
  if (!isUserSide(side) && shape.defaultValue !== undefined) problems.push("an output cannot have a default");
  if (shape.kind === "object" && !shape.optional && shape.properties.size === 0)
    problems.push("an object without properties means nothing");
  return problems;
}

function defaultProblems(shape: Shape): string[] {
  const { defaultValue, meta } = shape;
  const problems: string[] = [];
  if (defaultValue !== undefined) {
    const { value, failures } = checkValue(shape, defaultValue);
    if (hasSecret(value)) problems.push("a secret cannot have a default, which everybody can read in the schema");
    for (const { path, reason } of failures)
      problems.push(`the default is wrong: ${path.length === 0 ? "" : `${formatPath(path)}: `}${reason}`);
  }
  for (const example of meta.examples ?? []) {
    const report = (path: readonly (string | number)[], problem: string) =>
      problems.push(`an example is wrong: ${describeProblem(path, problem)}`);
    const value: Value | undefined = valueFrom(example, report);
    if (value === undefined) continue;
    for (const { path, reason } of checkValue(shape, value).failures) report(path, reason);
  }
  return problems;
}

/** The problems of a property's own shape and of the items, values and options in it. */
function partProblems(part: Shape, side: Side, inside: boolean): string[] {
  const { meta } = part;
  const problems: string[] = [];
  if (!isUserSide(side)) {
    for (const key of INPUT_KEYS)
      if (meta[key] !== undefined) problems.push(`"${key}" is for inputs, and this is an output`);
  } else if (side !== "inputs") {
    for (const key of RESOURCE_KEYS) {
      if (meta[key] !== undefined && !(side === "config" && key === "replaces"))
        problems.push(`"${key}" is for resource inputs`);
    }
  }
  if (inside) {
    for (const key of PROPERTY_KEYS)
      if (meta[key] !== undefined) problems.push(`"${key}" is for properties, and this is a part of one`);
    if (part.defaultValue !== undefined) problems.push("a default is for properties, and this is a part of one");
  }
  if (meta.credential === true && meta.replaces === true) problems.push("a credential cannot replace the object");
  if (meta.set === true && part.kind !== "array") problems.push('"set" is for lists');
  if (meta.hash === true && !["text", "asset", "archive"].includes(part.kind))
    problems.push('"hash" is for strings, assets and archives');
  if (meta.typeName !== undefined && !TYPE_NAME.test(meta.typeName))
    problems.push(`the type name "${meta.typeName}" must be PascalCase`);
  if (meta.valueDescriptions !== undefined) {
    const values = part.kind === "enum" ? part.values.map(String) : [];
    for (const value of Object.keys(meta.valueDescriptions)) {
      if (!values.includes(value)) problems.push(`"${value}" has a description and is no value of an enum`);
    }
  }
  return problems;
}

/** Calls `visit` for a shape and what is nested in it, up to the next objects' properties. */
function eachPart(shape: Shape, inside: boolean, visit: (part: Shape, inside: boolean) => void): void {
  visit(shape, inside);
  if (shape.kind === "array") eachPart(shape.items, true, visit);
  else if (shape.kind === "map") eachPart(shape.values, true, visit);
  else if (shape.kind === "union") for (const option of shape.options) eachPart(option, true, visit);
}
