import type { Shape } from "./shape.ts";
import { acceptsNull, kindMatches } from "./union.ts";
import type { Value } from "./value.ts";

/**
 * Reads text that stands for a value, as provider configuration and the environment have it: numbers, booleans,
 * lists and objects are written as JSON, texts as they are. Text that does not stand for a value of the shape comes
 * back as it is, so that the check says what was expected.
 *
 * @example readJsonText(portShape, "22") // 22
 */
export function readJsonText(shape: Shape, text: string): Value {
  if (shape.kind === "text") return text;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return text;
  }
  // A text is never written with quotes around it: reading twice must give the same as reading once.
  if (!isJson(parsed) || typeof parsed === "string") return text;
  const fits = parsed === null ? acceptsNull(shape) : kindMatches(shape, parsed);
  return fits ? parsed : text;
}

/** Narrows what `JSON.parse` returns, which can be nothing else. */
function isJson(parsed: unknown): parsed is Value {
  return parsed === null || ["string", "number", "boolean", "object"].includes(typeof parsed);
}

/** True for what is written as JSON where only text can be given. */
export function isWrittenAsJson(shape: Shape): boolean {
  if (shape.kind === "union") return shape.options.some(isWrittenAsJson);
  return shape.kind === "array" || shape.kind === "map" || shape.kind === "object";
}
