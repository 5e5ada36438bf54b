/**
 * The values that travel between a program, the engine and a provider, in a form that knows no wire.
 *
 * Beside JSON there are six things JSON cannot say: a value that must stay hidden ({@link Secret}), one that is
 * not known yet ({@link Unknown}), one that carries its origin ({@link OutputValue}), files ({@link Asset}),
 * trees of files ({@link Archive}) and other resources ({@link ResourceReference}).
 */
export type Value =
  | null
  | boolean
  | number
  | string
  | readonly Value[]
  | ValueMap
  | Secret
  | Unknown
  | OutputValue
  | Asset
  | Archive
  | ResourceReference;

/** A map of values by property name. A key may be any text, `__proto__` included: write with {@link setKey}. */
export interface ValueMap {
  readonly [key: string]: Value;
}

const MASK = "[secret]";

/** A value that must never be shown. It prints as `[secret]` wherever a string is made of it. */
export class Secret<T = Value> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The hidden value, in plain text. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return MASK;
  }
}

/** What type the missing value will have once it is known; `string` where the sender does not say. */
export type UnknownKind = "boolean" | "number" | "string" | "array" | "asset" | "archive" | "object";

/** A value that exists only after something else was created; seen in previews only. */
export class Unknown {
  readonly kind: UnknownKind;

  constructor(kind: UnknownKind = "string") {
    this.kind = kind;
  }
}

/** The unknown value a handler returns for what it cannot know in a preview. */
export const unknown = new Unknown();

/**
 * A value together with its secretness and the URNs it depends on. Without `value` it is not known yet. A secret one
 * prints as `[secret]`.
 */
export class OutputValue {
  readonly value: Value | undefined;
  readonly secret: boolean;
  readonly dependencies: readonly string[];

  constructor(content: { value?: Value | undefined; secret?: boolean; dependencies?: readonly string[] }) {
    this.value = content.value;
    this.secret = content.secret ?? false;
    this.dependencies = content.dependencies ?? [];
  }

  toJSON(): unknown {
    return this.secret ? MASK : { ...this };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): unknown {
    return this.toJSON();
  }
}

/** Where the bytes of a file are; `elided` when the engine sent the hash only. */
export type AssetSource =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "uri"; readonly uri: string }
  | { readonly kind: "elided" };

/** A file. `hash` is the SHA-256 of its bytes in hexadecimal, empty when the sender did not compute it. */
export class Asset {
  readonly source: AssetSource;
  readonly hash: string;

  constructor(source: AssetSource, hash = "") {
    this.source = source;
    this.hash = hash;
  }
}

/** Where the files of an archive are; `elided` when the engine sent the hash only. */
export type ArchiveSource =
  | { readonly kind: "assets"; readonly assets: Readonly<Record<string, Asset | Archive>> }
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "uri"; readonly uri: string }
  | { readonly kind: "elided" };

/** A tree of files: a folder, a tar or zip file, or named assets. `hash` as in {@link Asset}. */
export class Archive {
  readonly source: ArchiveSource;
  readonly hash: string;

  constructor(source: ArchiveSource, hash = "") {
    this.source = source;
    this.hash = hash;
  }
}

/**
 * Another resource, by its URN. `id` is absent for components and an {@link Unknown} before it was created. `type` and
 * `name` say again what the URN says; they are empty where the sender left them out.
 */
export class ResourceReference {
  readonly urn: string;
  readonly id: string | Unknown | undefined;
  readonly packageVersion: string;
  readonly type: string;
  readonly name: string;

  constructor(content: {
    urn: string;
    id?: string | Unknown | undefined;
    packageVersion?: string;
    type?: string;
    name?: string;
  }) {
    this.urn = content.urn;
    this.id = content.id;
    this.packageVersion = content.packageVersion ?? "";
    this.type = content.type ?? "";
    this.name = content.name ?? "";
  }
}

/** True for a map of values, false for a list and for each of the special values. */
export function isValueMap(value: Value | undefined): value is ValueMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(
      value instanceof Secret ||
      value instanceof Unknown ||
      value instanceof OutputValue ||
      value instanceof Asset ||
      value instanceof Archive ||
      value instanceof ResourceReference
    )
  );
}

/** Sets a key that may be `__proto__`, which plain assignment would take for something else. */
export function setKey<T>(map: Record<string, T>, key: string, value: T): void {
  if (key === "__proto__") {
    Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    map[key] = value;
  }
}

/** Reads an own key of a map: `constructor` and its like are absent unless somebody put them there. */
export function getKey<T>(map: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

/** A value without its wrappers, and what the wrappers said. `undefined` stands for "not known yet". */
export interface Unwrapped {
  readonly value: Exclude<Value, Secret | OutputValue | Unknown> | undefined;
  readonly secret: boolean;
}

/** Takes secrets, outputs and unknowns off the outside of a value; what is nested stays as it is. */
export function unwrap(value: Value): Unwrapped {
  let secret = false;
  let inner: Value | undefined = value;
  for (;;) {
    if (inner instanceof Secret) {
      secret = true;
      inner = inner.reveal();
    } else if (inner instanceof OutputValue) {
      secret ||= inner.secret;
      inner = inner.value;
    } else {
      return { value: inner instanceof Unknown ? undefined : inner, secret };
    }
  }
}

/** True if the predicate holds for the value or for anything nested in it. */
export function someValue(value: Value, predicate: (value: Value) => boolean): boolean {
  if (predicate(value)) return true;
  if (value instanceof Secret) return someValue(value.reveal(), predicate);
  if (value instanceof OutputValue) return value.value !== undefined && someValue(value.value, predicate);
  if (Array.isArray(value)) return value.some((item) => someValue(item, predicate));
  if (isValueMap(value)) return Object.values(value).some((item) => someValue(item, predicate));
  return false;
}

/** True if the value is not known yet, or holds something that is not. */
export function hasUnknown(value: Value): boolean {
  return someValue(
    value,
    (part) => part instanceof Unknown || (part instanceof OutputValue && part.value === undefined),
  );
}

/** True if the value is a secret, or holds one. */
export function hasSecret(value: Value): boolean {
  return someValue(value, (part) => part instanceof Secret || (part instanceof OutputValue && part.secret));
}

/** Calls `visit` with every plain text and number that stands inside a secret of the value, and with whole texts only. */
export function eachSecretText(
  value: Value,
  visit: (text: string, type: "string" | "number") => void,
  inside = false,
): void {
  if (value instanceof Secret) eachSecretText(value.reveal(), visit, true);
  else if (value instanceof OutputValue) {
    if (value.value !== undefined) eachSecretText(value.value, visit, inside || value.secret);
  } else if (Array.isArray(value)) for (const item of value) eachSecretText(item, visit, inside);
  else if (isValueMap(value)) for (const item of Object.values(value)) eachSecretText(item, visit, inside);
  else if (value instanceof Archive) {
    if (value.source.kind === "assets")
      for (const file of Object.values(value.source.assets)) eachSecretText(file, visit, inside);
  } else if (value instanceof Asset) {
    if (inside && value.source.kind === "text") visit(value.source.text, "string");
  } else if (inside && typeof value === "string") visit(value, "string");
  else if (inside && typeof value === "number") visit(String(value), "number");
}
