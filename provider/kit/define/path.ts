import type { Value } from "./value.ts";
import { isValueMap, OutputValue, Secret } from "./value.ts";

/** A property path: names of properties and keys of maps as text, places in lists as numbers (from 0). */
export type Path = readonly (string | number)[];

const SIMPLE_NAME = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/** In quotes, Pulumi would take the last backslash and the quotation mark behind it for one escaped mark. */
const ENDS_IN_BACKSLASH = /^[^.[]*\\$/;

/**
 * Writes a path in Pulumi's notation.
 *
 * @example formatPath(["targets", "hosts", 3, "port"]) // targets.hosts[3].port
 * @example formatPath(["tags", "app.kubernetes.io/name"]) // tags["app.kubernetes.io/name"]
 */
export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (SIMPLE_NAME.test(step) || ENDS_IN_BACKSLASH.test(step)) text += text === "" ? step : `.${step}`;
    // Pulumi escapes the quotation mark only: a backslash stands for itself.
    else text += `["${step.replaceAll('"', '\\"')}"]`;
  }
  return text;
}

/**
 * Reads a path in Pulumi's notation. `*` stands for every key or place, as in `ignoreChanges: ["hosts[*].port"]`.
 * Text that is no path becomes one step of itself, so that a wrong path matches nothing instead of everything.
 */
export function parsePath(text: string): Path {
  if (text === "" || text.startsWith(".")) return [text];
  const path: (string | number)[] = [];
  const step = /\.*([^.[]+)|\.*\[(\d+)\]|\.*\[\*\]|\.*\["((?:\\"|[^"])*)"\]/y;
  while (step.lastIndex < text.length) {
    const match = step.exec(text);
    if (match === null) return [text];
    if (match[1] !== undefined) path.push(match[1]);
    else if (match[2] !== undefined) path.push(Number(match[2]));
    else if (match[3] !== undefined) path.push(match[3].replaceAll('\\"', '"'));
    else path.push("*");
  }
  return path;
}

/** True if `pattern` (which may hold `*`) is the path itself or one of its ancestors. */
export function covers(pattern: Path, path: Path): boolean {
  return (
    pattern.length <= path.length &&
    pattern.every((step, index) => step === "*" || String(step) === String(path[index]))
  );
}

/** The value at a path, looking through secrets and outputs; `undefined` where nothing stands. */
export function valueAt(value: Value | undefined, path: Path): Value | undefined {
  let current: Value | undefined = value;
  for (const step of path) {
    while (current instanceof Secret || current instanceof OutputValue) {
      current = current instanceof Secret ? current.reveal() : current.value;
    }
    if (Array.isArray(current) && typeof step === "number") current = current[step];
    else if (isValueMap(current) && Object.hasOwn(current, step)) current = current[step];
    else return undefined;
  }
  return current;
}
