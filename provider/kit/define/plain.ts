import type { Path } from "./path.ts";
import { formatPath } from "./path.ts";
import type { Value, ValueMap } from "./value.ts";
import {
  Archive,
  Asset,
  isValueMap,
  unknown as notKnown,
  OutputValue,
  ResourceReference,
  Secret,
  setKey,
  Unknown,
} from "./value.ts";

type Scalar = string | number | boolean | null | undefined;

/** `T` as it may look in a preview: every part of it may be not known yet. */
export type MaybeUnknown<T> =
  | Unknown
  | (T extends Scalar | Asset | Archive | ResourceReference
      ? T
      : T extends readonly (infer Item)[]
        ? MaybeUnknown<Item>[]
        : T extends object
          ? { [K in keyof T]: MaybeUnknown<T[K]> }
          : T);

/** An object whose properties, and what is nested in them, may be not known yet. */
export type PreviewOf<T> = { [K in keyof T]: MaybeUnknown<T[K]> };

/** `T` as a handler may return it: every part of it may be wrapped in a {@link Secret}. */
export type Returned<T> =
  | Secret<T>
  | (T extends Scalar | Asset | Archive | ResourceReference
      ? T
      : T extends readonly (infer Item)[]
        ? readonly Returned<Item>[]
        : T extends object
          ? { readonly [K in keyof T]: Returned<T[K]> }
          : T);

/** An object as a handler may return it. */
export type ReturnedObject<T> = { readonly [K in keyof T]: Returned<T[K]> };

/** `T` as a preview may return it: every part of it may be secret, not known yet, or both. */
export type ReturnedInPreview<T> =
  | Unknown
  | Secret<T | Unknown>
  | (T extends Scalar | Asset | Archive | ResourceReference
      ? T
      : T extends readonly (infer Item)[]
        ? readonly ReturnedInPreview<Item>[]
        : T extends object
          ? { readonly [K in keyof T]: ReturnedInPreview<T[K]> }
          : T);

/** A value as handlers see it: without marks of secretness and origin; what is not known stays {@link Unknown}. */
export function plainOf(value: Value): unknown {
  if (value instanceof Secret) return plainOf(value.reveal());
  if (value instanceof OutputValue) return value.value === undefined ? notKnown : plainOf(value.value);
  if (Array.isArray(value)) return value.map(plainOf);
  if (isValueMap(value)) return plainMapOf(value);
  return value;
}

/** {@link plainOf} for the properties of an object. */
export function plainMapOf(map: ValueMap): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(map)) setKey(plain, key, plainOf(item));
  return plain;
}

/** How deep a value may be nested: far beyond any real one, far below what ends a process. */
const MAX_DEPTH = 500;

/**
 * Reads whatever a handler returned. `undefined` in an object is an absent property. What has no place on any wire
 * (functions, dates, maps, symbols, big integers, numbers that are none, cycles) is left out and reported.
 *
 * @param isSecretText says of a text that it holds a secret; such texts come out as secrets
 */
export function valueFrom(
  returned: unknown,
  report: (path: Path, problem: string) => void,
  isSecretText: (text: string) => boolean = () => false,
): Value | undefined {
  const above = new Set<object>();
  const read = (item: unknown, path: Path, hidden: boolean): Value | undefined => {
    switch (typeof item) {
      case "string":
        return !hidden && isSecretText(item) ? new Secret(item) : item;
      case "boolean":
        return item;
      case "number":
        if (Number.isFinite(item)) return item;
        report(path, `the number ${item} cannot be encoded`);
        return undefined;
      case "undefined":
        return undefined;
      case "object":
        return item === null ? null : readObject(item, path, hidden);
      default:
        report(path, `a ${typeof item} cannot be encoded`);
        return undefined;
    }
  };
  const readObject = (item: object, path: Path, hidden: boolean): Value | undefined => {
    if (
      item instanceof Unknown ||
      item instanceof Asset ||
      item instanceof Archive ||
      item instanceof ResourceReference
    )
      return item;
    if (above.has(item)) {
      report(path, "a value that contains itself cannot be encoded");
      return undefined;
    }
    if (above.size > MAX_DEPTH) {
      report(path.slice(0, 5), "nested too deeply");
      return undefined;
    }
    above.add(item);
    try {
      if (item instanceof Secret) {
        const inner = read(item.reveal(), path, true);
        return inner === undefined ? undefined : new Secret(inner);
      }
      // Array.from, because map leaves the holes of a list as they are.
      if (Array.isArray(item))
        return Array.from(item, (part: unknown, index) => read(part, [...path, index], hidden) ?? null);
      const prototype: unknown = Object.getPrototypeOf(item);
      if (prototype !== Object.prototype && prototype !== null) {
        report(path, `an object of class ${item.constructor?.name ?? "?"} cannot be encoded`);
        return undefined;
      }
      const map: Record<string, Value> = {};
      for (const [key, part] of Object.entries(item)) {
        const value: Value | undefined = read(part, [...path, key], hidden);
        if (value !== undefined) setKey(map, key, value);
      }
      return map;
    } catch (error) {
      // A getter or a proxy: the object may exist already, so that throwing here would lose its id.
      report(path, `reading it failed: ${error instanceof Error ? error.message : typeof error}`);
      return undefined;
    } finally {
      above.delete(item);
    }
  };
  return read(returned, [], false);
}

/** The sentence for a problem that {@link valueFrom} reported. */
export function describeProblem(path: Path, problem: string): string {
  return path.length === 0 ? problem : `${formatPath(path)}: ${problem}`;
}
