import type { Contradiction } from "./compile.ts";
import { eachShape, type ObjectShape, type Shape } from "./shape.ts";

/** What {@link contradictionsOf} reads of a resource. */
export interface ResourceParts {
  readonly name: string;
  readonly description: string;
  readonly inputs: ObjectShape;
  readonly outputs: ObjectShape;
  readonly stateVersion: number;
  readonly migrations: Readonly<Record<number, unknown>>;
  readonly stableOutputs: readonly string[];
  readonly aliases: readonly string[];
}

/** Which side of a descriptor an object describes: each side has rules of its own. */
export type Side = "inputs" | "outputs" | "config" | "arguments" | "result" | "nested";

const TYPE_NAME = /^[A-Z][A-Za-z0-9]*$/;
const PROPERTY_NAME = /^[a-z][A-Za-z0-9]*$/;
const FUNCTION_NAME = /^[a-z][A-Za-z0-9]*$/;
const TOKEN = /^[a-z][a-z0-9-]*:[a-z][A-Za-z0-9/]*:[A-Z][A-Za-z0-9]*$/;

/** Names that mean something else on a resource, or that one of the SDK languages cannot carry. */
const RESERVED: Readonly<Record<Side, ReadonlySet<string>>> = {
  inputs: new Set(["id", "urn", "pulumi"]),
  outputs: new Set(["id", "urn", "pulumi"]),
  config: new Set(["version", "pluginDownloadURL", "urn", "id", "pulumi"]),
  arguments: new Set(["pulumi"]),
  result: new Set(["pulumi"]),
  nested: new Set(["pulumi"]),
};

/** Everything in a resource's descriptor that cannot be true at once. */
export function contradictionsOf(resource: ResourceParts): Contradiction[] {
  const { name } = resource;
  const found: Contradiction[] = [...nameContradictions(name, resource.description, TYPE_NAME, "PascalCase")];
  found.push(...shapeContradictions(resource.inputs, `${name}.inputs`, "inputs"));
  found.push(...shapeContradictions(resource.outputs, `${name}.outputs`, "outputs"));
  for (const output of resource.outputs.properties.keys()) {
    if (resource.inputs.properties.has(output)) {
      found.push({ at: `${name}.outputs.${output}`, problem: "is an input too; inputs are outputs by themselves" });
    }
  }
  for (const output of resource.stableOutputs) {
    if (!resource.outputs.properties.has(output)) found.push({ at: `${name}.stableOutputs`, problem: `"${output}" is no output` });
  }
  for (let version = 0; version < resource.stateVersion; version++) {
    if (resource.migrations[version] === undefined) {
      found.push({ at: `${name}.migrations`, problem: `the step from version ${version} to ${version + 1} is missing` });
    }
  }
  for (const version of Object.keys(resource.migrations)) {
    if (Number(version) >= resource.stateVersion) {
      found.push({ at: `${name}.migrations`, problem: `the step from version ${version} leads beyond stateVersion ${resource.stateVersion}` });
    }
  }
  for (const alias of resource.aliases) {
    if (!TOKEN.test(alias)) found.push({ at: `${name}.aliases`, problem: `"${alias}" is no type token such as "package:index:Name"` });
  }
  return found;
}

/** A name of the right form, and words about it. */
export function nameContradictions(name: string, description: string, form = FUNCTION_NAME, formName = "camelCase"): Contradiction[] {
  const found: Contradiction[] = [];
  if (!form.test(name)) found.push({ at: name, problem: `the name must be ${formName}` });
  if (name === "Provider") found.push({ at: name, problem: "the name is reserved" });
  if (description.trim() === "") found.push({ at: name, problem: "has no description" });
  return found;
}

/** Everything in one side of a descriptor that cannot be true at once. */
export function shapeContradictions(root: ObjectShape, at: string, side: Side): Contradiction[] {
  const found: Contradiction[] = [];
  const visited = new Set<Shape>();
  const walk = (shape: ObjectShape, place: string, here: Side) => {
    if (visited.has(shape)) return;
    visited.add(shape);
    for (const [name, property] of shape.properties) {
      found.push(...propertyContradictions(name, property, `${place}.${name}`, here, side));
      eachNestedObject(property, (nested) => walk(nested, `${place}.${name}`, "nested"));
    }
  };
  walk(root, at, side);
  return found;
}

function eachNestedObject(shape: Shape, visit: (shape: ObjectShape) => void): void {
  const tops = new Set<ObjectShape>();
  const seen = new Set<Shape>();
  eachShape(shape, (part) => {
    if (part.kind === "object" && !seen.has(part)) {
      tops.add(part);
      // What is inside is walked from there, with a path of its own.
      for (const property of part.properties.values()) eachShape(property, (inner) => seen.add(inner));
    }
  });
  for (const top of tops) if (!seen.has(top) || top === shape) visit(top);
}

function propertyContradictions(name: string, shape: Shape, at: string, here: Side, side: Side): Contradiction[] {
  const { meta } = shape;
  const problems: string[] = [];
  const userSide = side === "inputs" || side === "config" || side === "arguments";
  if (!PROPERTY_NAME.test(name)) problems.push("the name must be camelCase");
  if (RESERVED[here].has(name)) problems.push("the name is reserved");
  if ((meta.description ?? "").trim() === "") problems.push("has no description");
  if (meta.secret === true && shape.defaultValue !== undefined) problems.push("a secret cannot have a default, which everybody can read in the schema");
  if (!userSide) {
    for (const key of ["replaces", "credential", "environment", "autoname", "aliases"] as const) {
      if (meta[key] !== undefined) problems.push(`"${key}" is for inputs, and this is an output`);
    }
    if (shape.defaultValue !== undefined) problems.push("an output cannot have a default");
  } else if (side !== "inputs") {
    for (const key of ["replaces", "credential", "autoname"] as const) {
      if (meta[key] !== undefined && !(side === "config" && key === "replaces")) problems.push(`"${key}" is for resource inputs`);
    }
  }
  if (meta.credential === true && meta.replaces === true) problems.push("a credential cannot replace the object");
  if (meta.set === true && shape.kind !== "array") problems.push('"set" is for lists');
  if (meta.hash === true && !["text", "asset", "archive"].includes(shape.kind)) problems.push('"hash" is for strings, assets and archives');
  if (meta.autoname !== undefined) {
    if (shape.kind !== "text") problems.push('"autoname" is for strings');
    if (!shape.optional) problems.push("an automatic name needs an optional property");
    if (shape.defaultValue !== undefined) problems.push("an automatic name and a default exclude each other");
    if (here === "nested") problems.push('"autoname" is for properties of the resource itself');
  }
  if (meta.environment !== undefined && !shape.optional) problems.push("a default from the environment needs an optional property");
  for (const alias of meta.aliases ?? []) {
    if (!PROPERTY_NAME.test(alias)) problems.push(`the alias "${alias}" must be camelCase`);
  }
  if (meta.typeName !== undefined && !TYPE_NAME.test(meta.typeName)) problems.push(`the type name "${meta.typeName}" must be PascalCase`);
  if (shape.kind === "object" && shape.optional === false && shape.properties.size === 0) problems.push("an object without properties means nothing");
  return problems.map((problem) => ({ at, problem }));
}
