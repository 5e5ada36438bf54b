import type { Contradiction } from "./compile.ts";
import type { Side } from "./property-contradictions.ts";
import { PROPERTY_NAME, propertyContradictions, TYPE_NAME } from "./property-contradictions.ts";
import type { Duration } from "./scalars.ts";
import { durationMs } from "./scalars.ts";
import type { ObjectShape, Shape } from "./shape.ts";

export type { Side } from "./property-contradictions.ts";

/** What {@link contradictionsOf} reads of a resource. */
export interface ResourceParts {
  readonly name: string;
  readonly description: string;
  readonly inputs: ObjectShape;
  readonly outputs: ObjectShape;
  readonly timeouts: Readonly<Record<string, Duration | "none">>;
  readonly stateVersion: number;
  readonly migrations: Readonly<Record<number, unknown>>;
  readonly stableOutputs: readonly string[];
  readonly aliases: readonly string[];
}

const TOKEN = /^[a-z][a-z0-9-]*:[a-z][A-Za-z0-9/]*:[A-Z][A-Za-z0-9]*$/;

/** Everything in a resource's descriptor that cannot be true at once. */
export function contradictionsOf(resource: ResourceParts): Contradiction[] {
  const { name, stateVersion } = resource;
  const found: Contradiction[] = [...nameContradictions(name, resource.description, TYPE_NAME, "PascalCase")];
  found.push(...shapeContradictions(resource.inputs, `${name}.inputs`, "inputs"));
  found.push(...shapeContradictions(resource.outputs, `${name}.outputs`, "outputs"));
  for (const output of resource.outputs.properties.keys()) {
    if (resource.inputs.properties.has(output)) {
      found.push({ at: `${name}.outputs.${output}`, problem: "is an input too; inputs are outputs by themselves" });
    }
  }
  for (const output of resource.stableOutputs) {
    if (!resource.outputs.properties.has(output))
      found.push({ at: `${name}.stableOutputs`, problem: `"${output}" is no output` });
  }
  for (const [operation, timeout] of Object.entries(resource.timeouts)) {
    found.push(...timeoutContradictions(timeout, `${name}.timeouts.${operation}`));
  }
  if (!Number.isSafeInteger(stateVersion) || stateVersion < 0) {
    found.push({ at: `${name}.stateVersion`, problem: `${stateVersion} is no version; count from 0` });
    return found;
  }
  for (let version = 0; version < stateVersion; version++) {
    if (resource.migrations[version] === undefined) {
      found.push({
        at: `${name}.migrations`,
        problem: `the step from version ${version} to ${version + 1} is missing`,
      });
    }
  }
  for (const version of Object.keys(resource.migrations)) {
    const from = Number(version);
    if (!Number.isSafeInteger(from) || from < 0)
      found.push({ at: `${name}.migrations`, problem: `"${version}" is no version` });
    else if (from >= stateVersion)
      found.push({
        at: `${name}.migrations`,
        problem: `the step from version ${version} leads beyond stateVersion ${stateVersion}`,
      });
  }
  for (const alias of resource.aliases) {
    if (!TOKEN.test(alias))
      found.push({ at: `${name}.aliases`, problem: `"${alias}" is no type token such as "package:index:Name"` });
  }
  return found;
}

/** A time limit that is none: the type lets `-5m` pass. */
export function timeoutContradictions(timeout: Duration | "none" | undefined, at: string): Contradiction[] {
  if (timeout === undefined || timeout === "none") return [];
  try {
    durationMs(timeout);
    return [];
  } catch (error) {
    return [{ at, problem: error instanceof Error ? error.message : String(error) }];
  }
}

/** A name of the right form, and words about it. */
export function nameContradictions(
  name: string,
  description: string,
  form = PROPERTY_NAME,
  formName = "camelCase",
): Contradiction[] {
  const found: Contradiction[] = [];
  if (!form.test(name)) found.push({ at: name, problem: `the name must be ${formName}` });
  if (name === "Provider") found.push({ at: name, problem: "the name is reserved" });
  if (description.trim() === "") found.push({ at: name, problem: "has no description" });
  return found;
}

/** Everything in one side of a descriptor that cannot be true at once. */
export function shapeContradictions(root: ObjectShape, at: string, side: Side): Contradiction[] {
  const found: Contradiction[] = [];
  // An object that is used in several places has one map of properties: it is judged once.
  const visited = new Set<unknown>();
  const walk = (shape: ObjectShape, place: string, nested: boolean) => {
    if (visited.has(shape.properties)) return;
    visited.add(shape.properties);
    for (const [name, property] of shape.properties) {
      found.push(...propertyContradictions(name, property, `${place}.${name}`, side, nested));
      for (const inner of objectsIn(property)) walk(inner, `${place}.${name}`, true);
    }
  };
  walk(root, at, false);
  return found;
}

/** The objects that a shape holds without another object between. */
function objectsIn(shape: Shape): ObjectShape[] {
  switch (shape.kind) {
    case "object":
      return [shape];
    case "array":
      return objectsIn(shape.items);
    case "map":
      return objectsIn(shape.values);
    case "union":
      return shape.options.flatMap(objectsIn);
    default:
      return [];
  }
}
