import type { FallbackSources } from "./fallback.ts";
import { fallbackOf } from "./fallback.ts";
import { isWrittenAsJson, readJsonText } from "./json-text.ts";
import { markSecrets, unknownOf } from "./mark.ts";
import type { Path } from "./path.ts";
import { plainOf } from "./plain.ts";
import type { Failure, Problem } from "./reasons.ts";
import { failuresOf, notAllowed, unknownProperty, withoutSecrets, wrongKind } from "./reasons.ts";
import type { ObjectShape, Shape, UnionShape } from "./shape.ts";
import { describeShape } from "./shape.ts";
import { listNames } from "./suggest.ts";
import { acceptsNull, optionOf, tagsOf } from "./union.ts";
import type { Value, ValueMap } from "./value.ts";
import { Archive, Asset, getKey, hasUnknown, isValueMap, ResourceReference, Secret, setKey, unwrap } from "./value.ts";

export type { Failure, Problem } from "./reasons.ts";

/** What checking may use beside the value itself. */
export interface CheckOptions extends FallbackSources {
  /** True where each property may come as text (see {@link readJsonText}), as in provider configuration. */
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
 * Checking what was checked changes nothing. Outputs come out as plain, secret or unknown values, without their URNs.
 *
 * @example checkObject(shape, { prot: 22 }).failures // [{ path: ["prot"], reason: 'unknown property; did you mean "port"?' }]
 */
export function checkObject(shape: ObjectShape, value: ValueMap, options: CheckOptions = {}): Checked<ValueMap> {
  const check = new Check(options);
  const checked = check.root(shape, value);
  return { value: checked, failures: check.failures, warnings: check.warnings };
}

/** {@link checkObject} for one value of any shape. */
export function checkValue(shape: Shape, value: Value, options: CheckOptions = {}): Checked {
  const check = new Check(options);
  const checked = check.value(shape, value, [], false);
  return { value: checked, failures: check.failures, warnings: check.warnings };
}

class Check {
  readonly failures: Failure[] = [];
  readonly warnings: Failure[] = [];
  readonly #options: CheckOptions;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  root(shape: ObjectShape, value: ValueMap): ValueMap {
    return this.#judged(shape, [], false, () => this.#object(shape, value, [], false));
  }

  value(shape: Shape, given: Value, path: Path, insideSecret: boolean): Value {
    const { value, secret: marked } = unwrap(given);
    const secret = marked || shape.meta.secret === true;
    const checked =
      value === undefined
        ? unknownOf(given)
        : this.#known(shape, this.#read(shape, value, path), path, secret || insideSecret);
    return secret && !(checked instanceof Secret) ? new Secret(checked) : checked;
  }

  #fail(path: Path, problem: Problem, reason: string): void {
    this.failures.push({ path, problem, reason });
  }

  #warn(path: Path, reason: string): void {
    if (this.#options.outputs !== true) this.warnings.push({ path, problem: "value", reason: `deprecated: ${reason}` });
  }

  /** Only whole properties come as text: what is inside has been read with them. */
  #read(shape: Shape, value: Value, path: Path): Value {
    const asText = this.#options.jsonText === true && path.length === 1 && typeof value === "string";
    return asText ? readJsonText(shape, value) : value;
  }

  #known(shape: Shape, value: Value, path: Path, hidden: boolean): Value {
    if (value === null) {
      if (!acceptsNull(shape)) this.#fail(path, "kind", wrongKind(shape, null));
      return null;
    }
    return this.#judged(shape, path, hidden, () => this.#kind(shape, value, path, hidden));
  }

  /** A shape's own rules judge only what is right in itself and known to the last part. */
  #judged<T extends Value>(shape: Shape, path: Path, hidden: boolean, walk: () => T): T {
    const before = this.failures.length;
    const checked = walk();
    if (this.failures.length > before || !shape.hasRules || hasUnknown(checked)) return checked;
    const result = shape.schema.safeParse(plainOf(checked));
    for (const failure of failuresOf(result.error?.issues ?? [], path)) {
      this.#fail(failure.path, failure.problem, withoutSecrets(failure.reason, checked, hidden));
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
        if (Number.isFinite(value)) return value;
        break;
      case "integer":
        if (Number.isSafeInteger(value)) return value;
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
        if (!shape.values.some((allowed) => allowed === value))
          this.#fail(path, "value", notAllowed(shape.values, value, hidden));
        return value;
      case "array":
        if (Array.isArray(value))
          return value.map((item: Value, index) => this.value(shape.items, item, [...path, index], hidden));
        break;
      case "map":
        if (isValueMap(value)) return this.#map(shape.values, value, path, hidden);
        break;
      case "object":
        if (isValueMap(value)) return this.#object(shape, value, path, hidden);
        break;
      case "union":
        return this.#union(shape, value, path, hidden);
      default:
        return shape satisfies never;
    }
    const asText =
      this.#options.jsonText === true && path.length === 1 && typeof value === "string" && isWrittenAsJson(shape);
    this.#fail(path, "kind", `${wrongKind(shape, value)}${asText ? " that is no JSON of it" : ""}`);
    return value;
  }

  #map(values: Shape, value: ValueMap, path: Path, hidden: boolean): ValueMap {
    const checked: Record<string, Value> = {};
    for (const [key, item] of Object.entries(value))
      setKey(checked, key, this.value(values, item, [...path, key], hidden));
    return checked;
  }

  #object(shape: ObjectShape, value: ValueMap, path: Path, hidden: boolean): ValueMap {
    const named = this.#named(shape, value, path);
    const checked: Record<string, Value> = {};
    for (const [name, property] of shape.properties) {
      const place = [...path, name];
      const given = getKey(named, name);
      if (given === undefined || (unwrap(given).value === null && !acceptsNull(property))) {
        const filled = this.#absent(property, name, place, hidden);
        if (filled !== undefined) checked[name] = filled;
      } else {
        if (property.meta.deprecation !== undefined) this.#warn(place, property.meta.deprecation);
        checked[name] = this.value(property, given, place, hidden);
      }
    }
    return checked;
  }

  /** The given properties by their present names; whatever is nobody's name is reported. */
  #named(shape: ObjectShape, value: ValueMap, path: Path): ValueMap {
    const named: Record<string, Value> = {};
    for (const [key, item] of Object.entries(value)) if (shape.properties.has(key)) named[key] = item;
    for (const [key, item] of Object.entries(value)) {
      // The engine and other tools keep notes of their own under such names.
      if (shape.properties.has(key) || key.startsWith("__")) continue;
      const place = [...path, key];
      const current = shape.aliases.get(key);
      if (current === undefined) {
        this.#fail(place, "unknown", unknownProperty(key, shape));
        continue;
      }
      this.#warn(place, `it is called "${current}" now`);
      if (getKey(named, current) === undefined) named[current] = item;
      else this.#fail(place, "value", `is an older name of "${current}", which is given too; keep one`);
    }
    return named;
  }

  #absent(property: Shape, name: string, path: Path, hidden: boolean): Value | undefined {
    const fallback =
      this.#options.outputs === true ? undefined : fallbackOf(property, name, path.length - 1, this.#options);
    if (fallback === undefined) {
      if (!property.optional)
        this.#fail(
          path,
          property.meta.credential === true ? "missing-credential" : "missing",
          `missing required property; expected ${describeShape(property)}`,
        );
      return undefined;
    }
    if ("reason" in fallback) {
      this.#fail(path, "missing", fallback.reason);
      return undefined;
    }
    const before = this.failures.length;
    const filled = this.value(property, fallback.value, path, hidden);
    for (const failure of this.failures.splice(before))
      this.#fail(failure.path, failure.problem, `${failure.reason} (${fallback.origin})`);
    return filled;
  }

  #union(shape: UnionShape, value: Exclude<Value, null>, path: Path, hidden: boolean): Value {
    const option = optionOf(shape, value);
    if (option !== undefined) return this.value(option, value, path, hidden);
    if (shape.discriminator === undefined || !isValueMap(value)) {
      this.#fail(path, "kind", wrongKind(shape, value));
      return value;
    }
    const given = getKey(value, shape.discriminator);
    const tag = given === undefined ? null : unwrap(given).value;
    if (tag === undefined) return markSecrets(shape, value); // which option it is, is not known yet
    const allowed = tagsOf(shape);
    const hiddenTag = hidden || (given !== undefined && unwrap(given).secret);
    this.#fail(
      [...path, shape.discriminator],
      "kind",
      tag === null
        ? `missing required property; expected one of ${listNames(allowed)}`
        : notAllowed(allowed, tag, hiddenTag),
    );
    return value;
  }
}
