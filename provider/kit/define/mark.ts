import type { Shape } from "./shape.ts";
import { optionOf } from "./union.ts";
import type { Value } from "./value.ts";
import { isValueMap, Secret, setKey, Unknown, unwrap } from "./value.ts";

/**
 * Marks what a shape declares secret and judges nothing. Where it is not known yet which option of a union a value
 * is, everything counts as secret that any of them declares so.
 */
export function markSecrets(shape: Shape, given: Value): Value {
  const { value, secret } = unwrap(given);
  const marked = value === undefined ? unknownOf(given) : markKnown(shape, value);
  if (!secret && shape.meta.secret !== true) return marked;
  return marked instanceof Secret ? marked : new Secret(marked);
}

function markKnown(shape: Shape, value: Value): Value {
  if (shape.kind === "union") {
    const option = optionOf(shape, value);
    return (option === undefined ? shape.options : [option]).reduce(
      (marked, candidate) => markSecrets(candidate, marked),
      value,
    );
  }
  if (shape.kind === "array" && Array.isArray(value)) return value.map((item: Value) => markSecrets(shape.items, item));
  if ((shape.kind !== "object" && shape.kind !== "map") || !isValueMap(value)) return value;
  const marked: Record<string, Value> = {};
  for (const [key, item] of Object.entries(value)) {
    const part = shape.kind === "map" ? shape.values : shape.properties.get(shape.aliases.get(key) ?? key);
    setKey(marked, key, part === undefined ? item : markSecrets(part, item));
  }
  return marked;
}

/** The unknown value under secrets and outputs: its kind is kept. */
export function unknownOf(given: Value): Unknown {
  let inner: Value | undefined = given;
  while (inner instanceof Secret) inner = inner.reveal();
  return inner instanceof Unknown ? inner : new Unknown();
}
