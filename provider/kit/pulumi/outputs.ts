import { checkObject } from "../define/check.ts";
import { formatPath, type Path } from "../define/path.ts";
import { describeProblem, valueFrom } from "../define/plain.ts";
import type { ObjectShape, Shape } from "../define/shape.ts";
import {
  getKey,
  hasSecret,
  isValueMap,
  OutputValue,
  Secret,
  setKey,
  unknown,
  type Value,
  type ValueMap,
} from "../define/value.ts";

/** How outputs are read. */
export interface OutputReading {
  /** Says of a text that it holds a secret of the call. */
  readonly isSecretText: (text: string) => boolean;
  /** True in previews, which know some outputs only. */
  readonly partial?: boolean;
}

/** What a handler returned, as far as it can be sent, and what could not be. */
export interface ReadOutputs {
  readonly value: ValueMap;
  /** Faults of the handler, one sentence each; empty for a good one. */
  readonly problems: readonly string[];
}

/**
 * Reads what a handler returned against its descriptor: secrets are marked, values that hold a secret of the call are
 * made secret, and whatever cannot be sent or was not declared is left out and named.
 */
export function readOutputs(
  shape: ObjectShape,
  returned: unknown,
  { isSecretText, partial = false }: OutputReading,
): ReadOutputs {
  const problems: string[] = [];
  const value = valueFrom(returned, (path, problem) => problems.push(describeProblem(path, problem)), isSecretText);
  if (!isValueMap(value)) return { value: {}, problems: ["the handler returned no outputs"] };
  const checked = checkObject(shape, value, { outputs: true });
  for (const { path, problem, reason } of checked.failures) {
    if (!(partial && problem === "missing" && path.length === 1)) problems.push(`${formatPath(path)}: ${reason}`);
  }
  return { value: hideKeys(shape, checked.value, isSecretText), problems };
}

/**
 * Makes each map secret whose keys hold a secret: a key cannot be marked, only the map that it stands in. What has none
 * stays the same object: outputs may be of thousands of machines.
 */
function hideKeys(shape: ObjectShape, map: ValueMap, isSecretText: (text: string) => boolean): ValueMap {
  return changed(map, (value, name) => hideKeysIn(shape.properties.get(name), value, isSecretText));
}

function hideKeysIn(shape: Shape | undefined, value: Value, isSecretText: (text: string) => boolean): Value {
  if (Array.isArray(value)) {
    const items = shape?.kind === "array" ? shape.items : undefined;
    return value.map((item: Value) => hideKeysIn(items, item, isSecretText));
  }
  if (!isValueMap(value)) return value;
  if (shape?.kind === "object") return hideKeys(shape, value, isSecretText);
  if (shape?.kind === "union") return value; // its keys are declared
  if (Object.keys(value).some(isSecretText)) return new Secret(value);
  const values = shape?.kind === "map" ? shape.values : undefined;
  return changed(value, (item) => hideKeysIn(values, item, isSecretText));
}

/** A map with each value that is to be another one replaced; the same map where none is. */
function changed(map: ValueMap, change: (value: Value, key: string) => Value): ValueMap {
  let copy: Record<string, Value> | undefined;
  for (const [key, value] of Object.entries(map)) {
    const other = change(value, key);
    if (other === value) continue;
    copy ??= { ...map };
    setKey(copy, key, other);
  }
  return copy ?? map;
}

/** What a preview knows, with an unknown value for each output that it does not know. */
export function previewOutputs(shape: ObjectShape, known: ValueMap): ValueMap {
  const outputs: Record<string, Value> = {};
  for (const [name, property] of shape.properties) {
    setKey(outputs, name, getKey(known, name) ?? (property.meta.secret === true ? new Secret(unknown) : unknown));
  }
  return outputs;
}

/** A value that is secret wherever another one of the same form is. */
export function copySecrecy(value: Value, from: Value | undefined): Value {
  if (from === undefined) return value;
  if (from instanceof Secret) {
    return value instanceof Secret ? value : new Secret(copySecrecy(value, from.reveal()));
  }
  if (from instanceof OutputValue)
    return from.secret ? copySecrecy(value, new Secret(from.value ?? null)) : copySecrecy(value, from.value);
  if (value instanceof Secret) return new Secret(copySecrecy(value.reveal(), from));
  if (Array.isArray(value) && Array.isArray(from))
    return value.map((item: Value, index) => copySecrecy(item, from[index]));
  if (isValueMap(value) && isValueMap(from)) {
    const copied: Record<string, Value> = {};
    for (const [key, item] of Object.entries(value)) setKey(copied, key, copySecrecy(item, getKey(from, key)));
    return copied;
  }
  return value;
}

/** Calls `visit` with every text that the descriptor, rather than the sender, declares secret. */
export function eachDeclaredSecret(shape: ObjectShape, map: ValueMap, visit: (value: Value) => void): void {
  for (const [name, property] of shape.properties) {
    const value = getKey(map, name);
    if (value !== undefined) visitDeclared(property, value, visit);
  }
}

function visitDeclared(shape: Shape, given: Value, visit: (value: Value) => void): void {
  if (shape.meta.secret === true) {
    visit(given instanceof Secret ? given : new Secret(given));
    return;
  }
  const value = given instanceof Secret ? given.reveal() : given instanceof OutputValue ? given.value : given;
  if (value === undefined) return;
  if (shape.kind === "array" && Array.isArray(value)) for (const item of value) visitDeclared(shape.items, item, visit);
  else if (shape.kind === "map" && isValueMap(value))
    for (const item of Object.values(value)) visitDeclared(shape.values, item, visit);
  else if (shape.kind === "object" && isValueMap(value)) eachDeclaredSecret(shape, value, visit);
  else if (shape.kind === "union") for (const option of shape.options) visitDeclared(option, value, visit);
}

/** True if the value at a path, or what it stands in at the top, is or may be secret. */
export function touchesSecret(shape: ObjectShape, map: ValueMap, path: Path): boolean {
  const name = path[0];
  if (typeof name !== "string") return false;
  let secret = false;
  const property = shape.properties.get(shape.aliases.get(name) ?? name);
  const value = getKey(map, name);
  if (value === undefined) return property?.meta.secret === true;
  if (property !== undefined) visitDeclared(property, value, () => (secret = true));
  return secret || hasSecret(value);
}
