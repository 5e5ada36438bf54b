import type { Shape, UnionShape } from "./shape.ts";
import { optionFor } from "./shape.ts";
import type { Value } from "./value.ts";
import { Archive, Asset, getKey, isValueMap, ResourceReference, unwrap } from "./value.ts";

/**
 * The option of a union that a value belongs to: by its discriminator, or by its kind where there is none.
 * `undefined` if it belongs to none, or if the discriminator is not known yet.
 */
export function optionOf(shape: UnionShape, value: Value): Shape | undefined {
  if (shape.discriminator === undefined) return shape.options.find((option) => kindMatches(option, value));
  if (!isValueMap(value)) return undefined;
  return optionFor(shape, unwrap(getKey(value, shape.discriminator) ?? null).value);
}

/** Every value that the discriminator of a union can have. */
export function tagsOf(shape: UnionShape): (string | number | boolean)[] {
  return shape.options.flatMap((option) => {
    const tag = option.kind === "object" ? option.properties.get(shape.discriminator ?? "") : undefined;
    return tag?.kind === "enum" ? tag.values : [];
  });
}

/** True if a value (without wrappers around it) is of the kind of a shape, whatever is nested in it. */
export function kindMatches(shape: Shape, value: Value): boolean {
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
    case "union":
      return shape.options.some((option) => kindMatches(option, value));
    case "any":
      return true;
    default:
      return shape satisfies never;
  }
}

/** True if null is a value here, and not another way to leave the property out. */
export function acceptsNull(shape: Shape): boolean {
  return shape.nullable || shape.kind === "any";
}
