import type { Detail } from "./fingerprint.ts";
import { fingerprint, sameLeaf } from "./fingerprint.ts";
import type { Path } from "./path.ts";
import type { ObjectShape, Shape } from "./shape.ts";
import { optionOf } from "./union.ts";
import type { Value, ValueMap } from "./value.ts";
import { getKey, hasUnknown, isValueMap, unwrap } from "./value.ts";

export { digestOf } from "./fingerprint.ts";

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
 * No path is named twice.
 *
 * @example differences(shape, { port: 22 }, { port: 23 }) // [{ path: ["port"], kind: "update", effect: "update" }]
 */
export function differences(shape: ObjectShape, before: ValueMap, after: ValueMap): Change[] {
  const changes: Change[] = [];
  compareObject(shape, before, after, [], "update", changes);
  return changes;
}

/** What a part of an object causes: what it says itself, or else what it stands in. A credential never causes work. */
function effectOf(shape: Shape | undefined, inherited: ChangeEffect): ChangeEffect {
  if (shape?.meta.credential === true) return "credential";
  return shape?.meta.replaces === true ? "replace" : inherited;
}

function compareObject(
  shape: ObjectShape,
  before: ValueMap,
  after: ValueMap,
  path: Path,
  inherited: ChangeEffect,
  changes: Change[],
): void {
  for (const [name, property] of shape.properties) {
    const old = getKey(before, name);
    const now = getKey(after, name);
    // State of before it was supplied lacks it, whichever of the two sides the state is.
    if ((old === undefined || now === undefined) && property.meta.supplied !== undefined) continue;
    compareOptional(property, old, now, [...path, name], effectOf(property, inherited), changes);
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
  if (before === undefined) changes.push({ path, kind: "add", effect });
  else if (after === undefined) changes.push({ path, kind: "delete", effect });
  else compare(shape, before, after, path, effect, changes);
}

function compare(
  shape: Shape | undefined,
  before: Value,
  after: Value,
  path: Path,
  effect: ChangeEffect,
  changes: Change[],
): void {
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

function compareKnown(
  shape: Shape | undefined,
  before: Value,
  after: Value,
  path: Path,
  effect: ChangeEffect,
  changes: Change[],
): void {
  if (shape?.kind === "union") {
    const option = optionOf(shape, before);
    if (option !== optionOf(shape, after)) changes.push({ path, kind: "update", effect });
    else compareKnown(option, before, after, path, effectOf(option, effect), changes);
  } else if (Array.isArray(before) && Array.isArray(after)) {
    const items = shape?.kind === "array" ? shape.items : undefined;
    if (shape?.meta.set === true) compareSets(items, before, after, path, effectOf(items, effect), changes);
    else compareLists(items, before, after, path, effectOf(items, effect), changes);
  } else if (isValueMap(before) && isValueMap(after)) {
    const values = shape?.kind === "map" ? shape.values : undefined;
    if (shape?.kind === "object") compareObject(shape, before, after, path, effect, changes);
    else compareMaps(values, before, after, path, effectOf(values, effect), changes);
  } else if (!sameLeaf(shape, before, after)) changes.push({ path, kind: "update", effect });
}

function compareLists(
  items: Shape | undefined,
  before: readonly Value[],
  after: readonly Value[],
  path: Path,
  effect: ChangeEffect,
  changes: Change[],
): void {
  for (let index = 0; index < Math.max(before.length, after.length); index++) {
    compareOptional(items, before[index], after[index], [...path, index], effect, changes);
  }
}

function compareMaps(
  values: Shape | undefined,
  before: ValueMap,
  after: ValueMap,
  path: Path,
  effect: ChangeEffect,
  changes: Change[],
): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    compareOptional(values, getKey(before, key), getKey(after, key), [...path, key], effect, changes);
  }
}

function compareSets(
  items: Shape | undefined,
  before: readonly Value[],
  after: readonly Value[],
  path: Path,
  effect: ChangeEffect,
  changes: Change[],
): void {
  const lost = placesMissing(items, before, after);
  const gained = placesMissing(items, after, before);
  // A place that lost one item and holds a new one is one update: a path may be named only once.
  for (const index of lost)
    changes.push({ path: [...path, index], kind: gained.has(index) ? "update" : "delete", effect });
  for (const index of gained) if (!lost.has(index)) changes.push({ path: [...path, index], kind: "add", effect });
  if (lost.size + gained.size > 0) return;
  if (!sameItems(items, before, after, "credentials")) changes.push({ path, kind: "update", effect: "credential" });
  else if (!sameItems(items, before, after, "secrecy")) changes.push({ path, kind: "update", effect: "secrecy" });
}

/** The places of items that the other list lacks; a repeated item counts at its first place. */
function placesMissing(items: Shape | undefined, list: readonly Value[], other: readonly Value[]): Set<number> {
  const seen = new Set(other.map((item) => fingerprint(items, item, "content")));
  const places = new Set<number>();
  for (const [index, item] of list.entries()) {
    const print = fingerprint(items, item, "content");
    if (hasUnknown(item) || !seen.has(print)) places.add(index);
    seen.add(print);
  }
  return places;
}

function sameItems(
  items: Shape | undefined,
  before: readonly Value[],
  after: readonly Value[],
  detail: Detail,
): boolean {
  const prints = (list: readonly Value[]) => [...new Set(list.map((item) => fingerprint(items, item, detail)))].sort();
  return prints(before).join() === prints(after).join();
}

/** True if every change is one that no handler needs to see. */
export function onlyRecorded(changes: readonly Change[]): boolean {
  return changes.every((change) => change.effect === "secrecy" || change.effect === "credential");
}
