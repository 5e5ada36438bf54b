import type { Path } from "./path.ts";
import { createHash } from "node:crypto";
import { type ObjectShape, optionFor, type Shape } from "./shape.ts";
import {
  Archive,
  Asset,
  getKey,
  hasSecret,
  isValueMap,
  ResourceReference,
  unwrap,
  type Value,
  type ValueMap,
} from "./value.ts";

/** How far a change reaches, from the least to the most. */
export type ChangeEffect =
  /** The value is the same; only whether it is secret changed. Recorded, nothing runs. */
  | "secrecy"
  /** A credential: recorded, and told to `updateCredentials` where there is one. */
  | "credential"
  /** The object is updated. */
  | "update"
  /** A new object takes its place. */
  | "replace";

/** One difference between old and new inputs. */
export interface Change {
  readonly path: Path;
  readonly kind: "add" | "delete" | "update";
  readonly effect: ChangeEffect;
}

/**
 * Compares two sets of inputs by the policies of their descriptor. Secrets are compared by what they hide, lists
 * marked `set` without order, files by the hash of their content. A value that is not known yet counts as changed.
 *
 * @example differences(shape, { port: 22 }, { port: 23 }) // [{ path: ["port"], kind: "update", effect: "update" }]
 */
export function differences(shape: ObjectShape, before: ValueMap, after: ValueMap): Change[] {
  const changes: Change[] = [];
  compareObject(shape, before, after, [], "update", changes);
  return changes;
}

function effectOf(shape: Shape, inherited: ChangeEffect): ChangeEffect {
  if (inherited === "replace" || shape.meta.replaces === true) return "replace";
  if (inherited === "credential" || shape.meta.credential === true) return "credential";
  return inherited;
}

function compareObject(shape: ObjectShape, before: ValueMap, after: ValueMap, path: Path, inherited: ChangeEffect, changes: Change[]): void {
  for (const [name, property] of shape.properties) {
    compareOptional(property, getKey(before, name), getKey(after, name), [...path, name], effectOf(property, inherited), changes);
  }
}

function compareOptional(
  shape: Shape | undefined,
  before: Value | undefined,
  after: Value | undefined,
  path: Path,
  effect: ChangeEffect,
  changes: Change[],
): void {
  if (before === undefined && after === undefined) return;
  if (before === undefined) {
    // An imported object has no credentials: the engine records them without an operation.
    if (effect !== "credential" || path.length > 1) changes.push({ path, kind: "add", effect });
  } else if (after === undefined) changes.push({ path, kind: "delete", effect });
  else compare(shape, before, after, path, effect, changes);
}

function compare(shape: Shape | undefined, before: Value, after: Value, path: Path, effect: ChangeEffect, changes: Change[]): void {
  const old = unwrap(before);
  const now = unwrap(after);
  if (old.value === undefined || now.value === undefined) {
    changes.push({ path, kind: "update", effect });
    return;
  }
  const found = changes.length;
  compareKnown(shape, old.value, now.value, path, effect, changes);
  if (changes.length === found && old.secret !== now.secret) changes.push({ path, kind: "update", effect: "secrecy" });
}

type Known = Exclude<ReturnType<typeof unwrap>["value"], undefined>;

function compareKnown(shape: Shape | undefined, before: Known, after: Known, path: Path, effect: ChangeEffect, changes: Change[]): void {
  const update = () => changes.push({ path, kind: "update", effect });
  if (Array.isArray(before) && Array.isArray(after)) {
    if (shape?.meta.set === true) compareSets(before, after, path, effect, changes);
    else compareLists(shape, before, after, path, effect, changes);
  } else if (isValueMap(before) && isValueMap(after)) {
    const described = shape?.kind === "union" && shape.discriminator !== undefined ? sameOption(shape, shape.discriminator, before, after) : shape;
    if (described === "other") update();
    else if (described?.kind === "object") compareObject(described, before, after, path, effect, changes);
    else compareMaps(described?.kind === "map" ? described.values : undefined, before, after, path, effect, changes);
  } else if (!sameLeaf(shape, before, after)) update();
}

function sameOption(shape: Extract<Shape, { kind: "union" }>, discriminator: string, before: ValueMap, after: ValueMap): Shape | "other" {
  const tag = (map: ValueMap) => unwrap(getKey(map, discriminator) ?? null).value;
  const old = optionFor(shape, tag(before));
  return old !== undefined && old === optionFor(shape, tag(after)) ? old : "other";
}

function compareLists(shape: Shape | undefined, before: readonly Value[], after: readonly Value[], path: Path, effect: ChangeEffect, changes: Change[]): void {
  const items = shape?.kind === "array" ? shape.items : undefined;
  const inner = items === undefined ? effect : effectOf(items, effect);
  for (let index = 0; index < Math.max(before.length, after.length); index++) {
    compareOptional(items, before[index], after[index], [...path, index], inner, changes);
  }
}

function compareMaps(values: Shape | undefined, before: ValueMap, after: ValueMap, path: Path, effect: ChangeEffect, changes: Change[]): void {
  const inner = values === undefined ? effect : effectOf(values, effect);
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    compareOptional(values, getKey(before, key), getKey(after, key), [...path, key], inner, changes);
  }
}

function compareSets(before: readonly Value[], after: readonly Value[], path: Path, effect: ChangeEffect, changes: Change[]): void {
  const lost = placesMissingIn(before, after);
  const gained = placesMissingIn(after, before);
  // A place that lost one item and holds a new one is one update: a path may be named only once.
  for (const index of lost) changes.push({ path: [...path, index], kind: gained.has(index) ? "update" : "delete", effect });
  for (const index of gained) if (!lost.has(index)) changes.push({ path: [...path, index], kind: "add", effect });
  if (lost.size + gained.size === 0 && before.some(hasSecret) !== after.some(hasSecret)) {
    changes.push({ path, kind: "update", effect: "secrecy" });
  }
}

/** The places of items that the other list lacks; a repeated item counts at its first place. */
function placesMissingIn(list: readonly Value[], other: readonly Value[]): Set<number> {
  const seen = new Set(other.map(fingerprint));
  const places = new Set<number>();
  for (const [index, item] of list.entries()) {
    const print = fingerprint(item);
    if (!seen.has(print)) places.add(index);
    seen.add(print);
  }
  return places;
}

/** A text that is equal for equal values, whatever the order of their keys. */
function fingerprint(value: Value): string {
  const { value: known } = unwrap(value);
  if (known === undefined) return "unknown";
  if (Array.isArray(known)) return `[${known.map(fingerprint).join(",")}]`;
  if (known instanceof Asset || known instanceof Archive) return `file:${contentOf(known)}`;
  if (known instanceof ResourceReference) return `urn:${known.urn}`;
  if (isValueMap(known)) {
    return `{${Object.keys(known)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${fingerprint(known[key] ?? null)}`)
      .join(",")}}`;
  }
  return JSON.stringify(known);
}

function sameLeaf(shape: Shape | undefined, before: Known, after: Known): boolean {
  if ((before instanceof Asset || before instanceof Archive) && (after instanceof Asset || after instanceof Archive)) {
    return before.constructor === after.constructor && contentOf(before) === contentOf(after);
  }
  if (before instanceof ResourceReference && after instanceof ResourceReference) return before.urn === after.urn;
  if (shape?.meta.hash === true && typeof before === "string" && typeof after === "string") return sameDigest(before, after);
  return before === after;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * The digest that may stand in place of a text whose property is marked `hash`.
 * @example digestOf("hello") // "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
 */
export function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

function sameDigest(before: string, after: string): boolean {
  const digest = (text: string) => (DIGEST.test(text) ? text : digestOf(text));
  return before === after || digest(before) === digest(after);
}

/** What tells two files or archives apart: their hash, and where there is none, where they come from. */
function contentOf(file: Asset | Archive): string {
  return file.hash === "" ? JSON.stringify(file.source) : file.hash;
}

/** True if every change is one that no handler needs to see. */
export function onlyRecorded(changes: readonly Change[]): boolean {
  return changes.every((change) => change.effect === "secrecy" || change.effect === "credential");
}
