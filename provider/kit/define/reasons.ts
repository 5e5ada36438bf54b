import type * as z from "zod";
import type { Path } from "./path.ts";
import type { ObjectShape, Shape } from "./shape.ts";
import { describeShape } from "./shape.ts";
import { listNames, nearest } from "./suggest.ts";
import type { Value } from "./value.ts";
import { Archive, Asset, eachSecretText, ResourceReference, Secret } from "./value.ts";
import { inOurWords } from "./zod-words.ts";

/** What kind of thing is wrong. */
export type Problem =
  /** A required property is not there. */
  | "missing"
  /** A credential that is required is not there: the program must give it, recorded state may lack it. */
  | "missing-credential"
  /** A property of this name does not exist. */
  | "unknown"
  /** The value is of another type. */
  | "kind"
  /** The value is of the right type and not allowed. */
  | "value";

/** One thing that is wrong with a value, and where. */
export interface Failure {
  readonly path: Path;
  readonly problem: Problem;
  /** What is wrong and how to repair it; never holds the value of a secret. */
  readonly reason: string;
}

/** Longer texts are cut in messages. */
const MAX_SHOWN = 64;

/** Why a value is none of those allowed, with the one that was most likely meant. */
export function notAllowed(allowed: readonly (string | number | boolean)[], value: Value, hidden: boolean): string {
  const expected = allowed.length === 1 ? JSON.stringify(allowed[0]) : `one of ${listNames(allowed)}`;
  if (!allowed.some((one) => typeof one === typeof value)) return `expected ${expected}, got ${describeValue(value)}`;
  if (hidden) return `expected ${expected}`;
  if (typeof value !== "string") return `${String(value)} is not allowed; expected ${expected}`;
  const near = nearest(value, allowed.map(String));
  const shown = value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}...` : value;
  return `${JSON.stringify(shown)} is not allowed; expected ${expected}${near === undefined ? "" : `; did you mean "${near}"?`}`;
}

/** Why a property is unknown, with the one that was most likely meant or all there are. */
export function unknownProperty(key: string, shape: ObjectShape): string {
  const near = nearest(key, [...shape.properties.keys(), ...shape.aliases.keys()]);
  if (near !== undefined) return `unknown property; did you mean "${near}"?`;
  return shape.properties.size === 0
    ? "unknown property; there are none here"
    : `unknown property; the properties here are ${listNames(shape.properties.keys())}`;
}

/** Why a value is of the wrong kind. */
export function wrongKind(shape: Shape, value: Value): string {
  return `expected ${describeShape(shape)}, got ${describeValue(value)}`;
}

/** The kind of a value in words, never the value. */
function describeValue(value: Value): string {
  if (typeof value === "string") return "a string";
  if (typeof value === "number") {
    if (!Number.isFinite(value)) return "a number that is not finite";
    if (!Number.isInteger(value)) return "a number with a fraction";
    return Number.isSafeInteger(value) ? "a whole number" : "a whole number that is too large to be exact";
  }
  if (typeof value === "boolean") return "a boolean";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Asset) return "an asset";
  if (value instanceof Archive) return "an archive";
  if (value instanceof ResourceReference) return "a resource";
  return value === null ? "null" : "an object";
}

/** What zod found wrong with a value, below the path of that value. */
export function failuresOf(issues: readonly z.core.$ZodIssue[], path: Path): Failure[] {
  return issues.flatMap((issue): Failure[] => {
    const place: Path = [...path, ...issue.path.filter((step) => typeof step !== "symbol")];
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => ({ path: [...place, key], problem: "unknown", reason: "unknown key" }));
    if (issue.code === "invalid_key")
      return [
        {
          path: place,
          problem: "value",
          reason: `the key is not allowed: ${issue.issues.map(({ message }) => message).join("; ")}`,
        },
      ];
    return [{ path: place, problem: "value", reason: inOurWords(issue.message) }];
  });
}

/** A text without the secrets of a value. The author of a rule may have put the value into its message. */
export function withoutSecrets(text: string, value: Value, hidden: boolean): string {
  const secrets: string[] = [];
  eachSecretText(hidden ? new Secret(value) : value, (secret) => secrets.push(secret));
  secrets.sort((a, b) => b.length - a.length); // one secret may be part of another
  return secrets
    .filter((secret) => secret !== "")
    .reduce((masked, secret) => masked.replaceAll(secret, "[secret]"), text);
}
