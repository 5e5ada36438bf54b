import { createHash } from "node:crypto";
import type { Shape } from "./shape.ts";
import { optionOf } from "./union.ts";
import type { Value, ValueMap } from "./value.ts";
import { Archive, Asset, getKey, isValueMap, ResourceReference, unwrap } from "./value.ts";

/** What counts: the content without credentials, with them, or also which parts are secret. */
export type Detail = "content" | "credentials" | "secrecy";

/** A text that is equal for values that mean the same by the policies of their shape. */
export function fingerprint(shape: Shape | undefined, value: Value, detail: Detail): string {
  const { value: known, secret } = unwrap(value);
  const text = known === undefined ? "unknown" : knownFingerprint(shape, known, detail);
  return secret && detail === "secrecy" ? `secret(${text})` : text;
}

function knownFingerprint(shape: Shape | undefined, value: Value, detail: Detail): string {
  if (shape?.kind === "union") return knownFingerprint(optionOf(shape, value), value, detail);
  if (Array.isArray(value)) {
    const items = value.map((item: Value) =>
      fingerprint(shape?.kind === "array" ? shape.items : undefined, item, detail),
    );
    return `[${(shape?.meta.set === true ? [...new Set(items)].sort() : items).join(",")}]`;
  }
  if (isValueMap(value)) return mapFingerprint(shape, value, detail);
  if (value instanceof Asset || value instanceof Archive)
    return `${value instanceof Asset ? "asset" : "archive"}:${contentOf(value)}`;
  if (value instanceof ResourceReference) return `resource:${JSON.stringify([value.urn, value.id])}`;
  if (typeof value === "string") return JSON.stringify(shape?.meta.hash === true ? digestFor(value) : value);
  return String(value);
}

function mapFingerprint(shape: Shape | undefined, map: ValueMap, detail: Detail): string {
  const parts: string[] = [];
  for (const key of Object.keys(map).sort()) {
    const part =
      shape?.kind === "map" ? shape.values : shape?.kind === "object" ? shape.properties.get(key) : undefined;
    if (part?.meta.credential === true && detail === "content") continue;
    parts.push(`${JSON.stringify(key)}:${fingerprint(part, getKey(map, key) ?? null, detail)}`);
  }
  return `{${parts.join(",")}}`;
}

/** True if two values that are no lists and no maps mean the same. */
export function sameLeaf(shape: Shape | undefined, before: Value, after: Value): boolean {
  // A resource that is still to be created may become any.
  if ([before, after].some((value) => value instanceof ResourceReference && typeof value.id === "object")) return false;
  return before === after || fingerprint(shape, before, "credentials") === fingerprint(shape, after, "credentials");
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * The digest that may stand in place of a text whose property is marked `hash`.
 * @example digestOf("hello") // "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
 */
export function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

function digestFor(text: string): string {
  return DIGEST.test(text) ? text : digestOf(text);
}

/** What tells two files or archives apart: their hash, and where there is none, where they come from. */
function contentOf(file: Asset | Archive): string {
  return file.hash === "" ? JSON.stringify(file.source) : file.hash;
}
