import type { Value } from "../../../provider/kit/define/value.ts";
import { isValueMap, OutputValue, Secret, Unknown } from "../../../provider/kit/define/value.ts";

/**
 * A value as data that test assertions can compare: a secret hides what it holds even from `toEqual`, which would
 * take any two secrets for equal.
 */
export function comparable(value: Value | undefined): unknown {
  if (value instanceof Secret) return ["secret", comparable(value.reveal())];
  if (value instanceof Unknown) return ["unknown", value.kind];
  if (value instanceof OutputValue) return ["output", value.secret, comparable(value.value), value.dependencies];
  if (Array.isArray(value)) return value.map((item: Value) => comparable(item));
  if (isValueMap(value)) return new Map(Object.entries(value).map(([key, item]) => [key, comparable(item)]));
  return value;
}
