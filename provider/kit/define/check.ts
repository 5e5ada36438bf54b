import type * as z from "zod";
import type { Autoname } from "./meta.ts";
import type { Path } from "./path.ts";
import { plainOf } from "./plain.ts";
import { type ArrayShape, describeShape, discriminatorValues, type MapShape, type ObjectShape, optionFor, type Shape, type UnionShape } from "./shape.ts";
import { listNames, nearest } from "./suggest.ts";
import {
  Archive,
  Asset,
  getKey,
  hasUnknown,
  isValueMap,
  OutputValue,
  ResourceReference,
  Secret,
  setKey,
  Unknown,
  unwrap,
  type Value,
  type ValueMap,
} from "./value.ts";

/** One thing that is wrong with a value, and where. */
export interface Failure {
  readonly path: Path;
  /** What is wrong and how to repair it; never holds the value of a secret. */
  readonly reason: string;
}

/** What checking may use beside the value itself. */
export interface CheckOptions {
  /** Where defaults from the environment come from. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Makes the name of a property that the user left out; a {@link Failure} reason instead if it may not. */
  readonly autoname?: (property: string, rule: Autoname) => { name: string } | { reason: string };
  /** True where numbers, booleans, lists and objects may come as JSON text, as in provider configuration. */
  readonly jsonText?: boolean;
  /** True for what handlers return: defaults, environment and deprecations are the user's side only. */
  readonly outputs?: boolean;
}

/** What checking found. `value` is complete and usable even if there are failures. */
export interface Checked<T extends Value = Value> {
  readonly value: T;
  readonly failures: readonly Failure[];
  /** Deprecated properties that are in use. */
  readonly warnings: readonly Failure[];
}

/**
 * Checks a value against the shape of its descriptor: fills in defaults, marks what is secret, moves properties from
 * older names, and reports each thing that is wrong with its exact path. A value that is not known yet fails nothing.
 *
 * @example checkObject(shape, { prot: 22 }).failures // [{ path: ["prot"], reason: 'unknown property; did you mean "port"?' }]
 */
export function checkObject(shape: ObjectShape, value: ValueMap, options: CheckOptions = {}): Checked<ValueMap> {
  const check = new Check(options);
  const checked = check.object(shape, value, [], false);
  return { value: checked, failures: check.failures, warnings: check.warnings };
}

class Check {
  readonly failures: Failure[] = [];
  readonly warnings: Failure[] = [];
  readonly #options: CheckOptions;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  #fail(path: Path, reason: string): void {
    this.failures.push({ path, reason });
  }

  value(shape: Shape, given: Value, path: Path, insideSecret: boolean): Value {
    const { value, secret: marked } = unwrap(given);
    const secret = marked || shape.meta.secret === true;
    const hidden = secret || insideSecret;
    const checked = value === undefined ? unknownOf(given) : this.#known(shape, this.#readText(shape, value), path, hidden);
    return secret ? new Secret(checked) : checked;
  }

  /** Configuration reaches a provider as JSON text wherever its type is not a string. */
  #readText(shape: Shape, value: Value): Value {
    if (this.#options.jsonText !== true || typeof value !== "string" || shape.kind === "text") return value;
    if (shape.kind === "enum" && shape.values.some((allowed) => allowed === value)) return value;
    if (shape.kind === "union" && shape.options.some((option) => option.kind === "text") && !/^[\d.]+$/.test(value)) return value;
    try {
      const parsed: unknown = JSON.parse(value);
      return isJsonValue(parsed) ? parsed : value;
    } catch {
      return value; // not JSON: the check of the kind says what was expected
    }
  }

  #known(shape: Shape, value: Value, path: Path, hidden: boolean): Value {
    if (value === null) {
      if (!shape.nullable && shape.kind !== "any") this.#fail(path, `expected ${describeShape(shape)}, got null`);
      return value;
    }
    const before = this.failures.length;
    const checked = this.#kind(shape, value, path, hidden);
    if (this.failures.length === before && shape.hasRules && !hasUnknown(checked)) {
      this.#rules(shape.schema, checked, path);
    }
    return checked;
  }

  #kind(shape: Shape, value: Exclude<Value, null>, path: Path, hidden: boolean): Value {
    switch (shape.kind) {
      case "any":
        return value;
      case "text":
        if (typeof value === "string") return value;
        break;
      case "boolean":
        if (typeof value === "boolean") return value;
        break;
      case "number":
        if (typeof value === "number") return value;
        break;
      case "integer":
        if (typeof value === "number" && Number.isSafeInteger(value)) return value;
        break;
      case "asset":
        if (value instanceof Asset) return value;
        break;
      case "archive":
        if (value instanceof Archive) return value;
        break;
      case "reference":
        if (value instanceof ResourceReference) return value;
        break;
      case "enum":
        if (shape.values.some((allowed) => allowed === value)) return value;
        this.#fail(path, notInEnum(shape.values, value, hidden));
        return value;
      case "array":
        if (Array.isArray(value)) return this.#array(shape, value, path, hidden);
        break;
      case "map":
        if (isValueMap(value)) return this.#map(shape, value, path, hidden);
        break;
      case "object":
        if (isValueMap(value)) return this.object(shape, value, path, hidden);
        break;
      case "union":
        return this.#union(shape, value, path, hidden);
      default:
        return shape satisfies never;
    }
    this.#fail(path, `expected ${describeShape(shape)}, got ${describeValue(value)}`);
    return value;
  }

  #array(shape: ArrayShape, value: readonly Value[], path: Path, hidden: boolean): Value {
    return value.map((item, index) => this.value(shape.items, item, [...path, index], hidden));
  }

  #map(shape: MapShape, value: ValueMap, path: Path, hidden: boolean): Value {
    const checked: Record<string, Value> = {};
    for (const [key, item] of Object.entries(value)) {
      setKey(checked, key, this.value(shape.values, item, [...path, key], hidden));
    }
    return checked;
  }

  object(shape: ObjectShape, value: ValueMap, path: Path, hidden: boolean): ValueMap {
    const given = this.#named(shape, value, path);
    const checked: Record<string, Value> = {};
    for (const [name, property] of shape.properties) {
      const place = [...path, name];
      const raw = getKey(given, name) ?? undefined;
      const present = raw === undefined && !property.nullable ? undefined : getKey(given, name);
      if (present !== undefined) {
        if (property.meta.deprecation !== undefined && this.#options.outputs !== true) {
          this.warnings.push({ path: place, reason: `deprecated: ${property.meta.deprecation}` });
        }
        checked[name] = this.value(property, present, place, hidden);
      } else {
        const filled = this.#absent(property, name, place, hidden);
        if (filled !== undefined) checked[name] = filled;
      }
    }
    return checked;
  }

  /** The given properties by their present names; whatever is nobody's name is reported. */
  #named(shape: ObjectShape, value: ValueMap, path: Path): ValueMap {
    const named: Record<string, Value> = {};
    for (const [key, item] of Object.entries(value)) {
      if (shape.properties.has(key)) {
        named[key] = item;
        continue;
      }
      const current = shape.aliases.get(key);
      if (current !== undefined) {
        if (Object.hasOwn(value, current)) this.#fail([...path, key], `is the older name of "${current}", which is given too; keep one`);
        else named[current] = item;
        this.warnings.push({ path: [...path, key], reason: `deprecated: it is called "${current}" now` });
      } else if (!key.startsWith("__")) {
        this.#fail([...path, key], unknownProperty(key, shape));
      }
    }
    return named;
  }

  #absent(property: Shape, name: string, path: Path, hidden: boolean): Value | undefined {
    if (this.#options.outputs !== true) {
      const fallback = this.#fallback(property, name, path);
      if (fallback !== undefined) return this.value(property, fallback, path, hidden);
    }
    if (!property.optional) this.#fail(path, `missing required property; expected ${describeShape(property)}`);
    return undefined;
  }

  #fallback(property: Shape, name: string, path: Path): Value | undefined {
    for (const variable of property.meta.environment ?? []) {
      const text = this.#options.environment?.[variable];
      if (text !== undefined && text !== "") return new Check({ jsonText: true }).#readText(property, text);
    }
    const rule = property.meta.autoname;
    if (rule !== undefined && path.length === 1 && this.#options.autoname !== undefined) {
      const made = this.#options.autoname(name, rule);
      if ("name" in made) return made.name;
      this.#fail(path, made.reason);
      return undefined;
    }
    return property.defaultValue;
  }

  #union(shape: UnionShape, value: Exclude<Value, null>, path: Path, hidden: boolean): Value {
    if (shape.discriminator !== undefined) return this.#discriminated(shape, shape.discriminator, value, path, hidden);
    const option = shape.options.find((candidate) => kindMatches(candidate, value));
    if (option !== undefined) return this.#known(option, value, path, hidden);
    this.#fail(path, `expected ${describeShape(shape)}, got ${describeValue(value)}`);
    return value;
  }

  #discriminated(shape: UnionShape, discriminator: string, value: Exclude<Value, null>, path: Path, hidden: boolean): Value {
    if (!isValueMap(value)) {
      this.#fail(path, `expected an object, got ${describeValue(value)}`);
      return value;
    }
    const given = getKey(value, discriminator);
    const tag = given === undefined ? null : unwrap(given).value;
    if (tag === undefined) return value; // which option it is, is not known yet
    const option = optionFor(shape, tag);
    if (option !== undefined) return this.#known(option, value, path, hidden);
    const allowed = [...discriminatorValues(shape).keys()];
    this.#fail(
      [...path, discriminator],
      tag === null ? `missing required property; expected one of ${listNames(allowed)}` : notInEnum(allowed, tag, hidden),
    );
    return value;
  }

  #rules(schema: z.ZodType, value: Value, path: Path): void {
    const result = schema.safeParse(plainOf(value));
    if (result.success) return;
    for (const issue of result.error.issues) {
      const below = issue.path.filter((step) => typeof step !== "symbol");
      this.#fail([...path, ...below], issue.message);
    }
  }
}

function unknownOf(given: Value): Value {
  let inner: Value | undefined = given;
  while (inner instanceof Secret) inner = inner.reveal();
  return inner instanceof Unknown ? inner : new Unknown();
}

function kindMatches(shape: Shape, value: Value): boolean {
  switch (shape.kind) {
    case "text":
      return typeof value === "string";
    case "number":
    case "integer":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    case "enum":
      return shape.values.some((allowed) => typeof allowed === typeof value);
    case "array":
      return Array.isArray(value);
    case "map":
    case "object":
      return isValueMap(value);
    case "asset":
      return value instanceof Asset;
    case "archive":
      return value instanceof Archive;
    case "reference":
      return value instanceof ResourceReference;
    case "any":
    case "union":
      return true;
    default:
      return shape satisfies never;
  }
}

function notInEnum(allowed: readonly (string | number | boolean)[], value: Value, hidden: boolean): string {
  const expected = allowed.length === 1 ? JSON.stringify(allowed[0]) : `one of ${listNames(allowed.map(String))}`;
  if (hidden || typeof value !== "string") return `expected ${expected}`;
  const near = nearest(value, allowed.map(String));
  const shown = value.length > 64 ? `${value.slice(0, 64)}...` : value;
  return `${JSON.stringify(shown)} is not allowed; expected ${expected}${near === undefined ? "" : `; did you mean "${near}"?`}`;
}

function unknownProperty(key: string, shape: ObjectShape): string {
  const near = nearest(key, [...shape.properties.keys(), ...shape.aliases.keys()]);
  if (near !== undefined) return `unknown property; did you mean "${near}"?`;
  return shape.properties.size === 0
    ? "unknown property; there are none here"
    : `unknown property; the properties here are ${listNames(shape.properties.keys())}`;
}

/** The kind of a value in words, never the value. */
function describeValue(value: Value): string {
  if (typeof value === "string") return "a string";
  if (typeof value === "number") return Number.isInteger(value) ? "a whole number" : "a number with a fraction";
  if (typeof value === "boolean") return "a boolean";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Asset) return "an asset";
  if (value instanceof Archive) return "an archive";
  if (value instanceof ResourceReference) return "a resource";
  return value === null ? "null" : "an object";
}

function isJsonValue(value: unknown): value is Value {
  return value === null || ["string", "number", "boolean", "object"].includes(typeof value);
}
