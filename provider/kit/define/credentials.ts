import { eachShape, type ObjectShape, optionFor, type Shape, type UnionShape } from "./shape.ts";
import { getKey, isValueMap, OutputValue, Secret, setKey, unwrap, type Value, type ValueMap } from "./value.ts";

const holding = new WeakMap<Shape, boolean>();

/** True if an object in the shape, however deep, has a property that is a credential. */
export function holdsCredential(shape: Shape): boolean {
  const before = holding.get(shape);
  if (before !== undefined) return before;
  let found = false;
  eachShape(shape, (part) => {
    if (part.kind === "object") for (const { meta } of part.properties.values()) found ||= meta.credential === true;
  });
  holding.set(shape, found);
  return found;
}

/**
 * Inputs as outputs: without credentials at any depth, because those are kept in the inputs only.
 *
 * @example withoutCredentials(shape, { place: { host: "a", password: "b" } }) // { place: { host: "a" } }
 */
export function withoutCredentials(shape: ObjectShape, map: ValueMap): ValueMap {
  const kept: Record<string, Value> = {};
  for (const [name, property] of shape.properties) {
    const value = getKey(map, name);
    if (value !== undefined && property.meta.credential !== true) setKey(kept, name, reduce(property, value));
  }
  return kept;
}

function reduce(shape: Shape, value: Value): Value {
  if (!holdsCredential(shape)) return value;
  if (value instanceof Secret) return new Secret(reduce(shape, value.reveal()));
  if (value instanceof OutputValue) {
    return value.value === undefined
      ? value
      : new OutputValue({ value: reduce(shape, value.value), secret: value.secret, dependencies: value.dependencies });
  }
  switch (shape.kind) {
    case "object":
      return isValueMap(value) ? withoutCredentials(shape, value) : value;
    case "array":
      return Array.isArray(value) ? value.map((item: Value) => reduce(shape.items, item)) : value;
    case "map": {
      if (!isValueMap(value)) return value;
      const reduced: Record<string, Value> = {};
      for (const [key, item] of Object.entries(value)) setKey(reduced, key, reduce(shape.values, item));
      return reduced;
    }
    case "union":
      return reduceUnion(shape, value);
    default:
      return value;
  }
}

function reduceUnion(shape: UnionShape, value: Value): Value {
  if (isValueMap(value)) {
    if (shape.discriminator === undefined) {
      const option = shape.options.find(({ kind }) => kind === "object" || kind === "map");
      return option === undefined ? value : reduce(option, value);
    }
    const tag = getKey(value, shape.discriminator);
    const chosen = optionFor(shape, tag === undefined ? undefined : unwrap(tag).value);
    if (chosen !== undefined) return withoutCredentials(chosen, value);
    // Which option it is, is not known yet: whatever is a credential in one of them stays out.
    return shape.options.reduce<Value>(
      (left, option) => (option.kind === "object" && isValueMap(left) ? dropCredentials(option, left) : left),
      value,
    );
  }
  if (!Array.isArray(value)) return value;
  const list = shape.options.find(({ kind }) => kind === "array");
  return list === undefined ? value : reduce(list, value);
}

function dropCredentials(shape: ObjectShape, map: ValueMap): ValueMap {
  const kept: Record<string, Value> = {};
  for (const [key, value] of Object.entries(map)) {
    const property = shape.properties.get(key);
    if (property?.meta.credential !== true) setKey(kept, key, property === undefined ? value : reduce(property, value));
  }
  return kept;
}
