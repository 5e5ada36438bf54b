import * as z from "zod";

/** How many texts there may be, and how many characters (UTF-16 code units) each may have. */
export interface TextsBounds {
  readonly maxItems: number;
  readonly maxLength: number;
}

/**
 * A list of texts that is looked at in one pass: an inventory has hundreds of addresses, and a schema of each would take
 * longer than their JSON. A text that is too long, or is none, is said at its place. By a check, and not by zod's
 * refinement, which leaves lists behind that only a collection of the whole heap takes away.
 *
 * @example texts({ maxItems: 2, maxLength: 9 }).parse(["10.0.0.5"]) // ["10.0.0.5"]
 */
export function texts(bounds: TextsBounds) {
  const { maxItems, maxLength } = bounds;
  return z
    .custom<string[]>()
    .check(({ value, issues }) => {
      for (const fault of faultsOf(value, bounds))
        issues.push({ code: "custom", ...fault, input: value, continue: true });
    })
    .meta({ type: "array", items: { type: "string", maxLength }, maxItems });
}

interface Fault {
  readonly path: number[];
  readonly message: string;
}

function faultsOf(value: unknown, { maxItems, maxLength }: TextsBounds): readonly Fault[] {
  if (!Array.isArray(value)) return [{ path: [], message: "expected a list of strings" }];
  if (value.length > maxItems) return [{ path: [], message: `expected at most ${maxItems} items` }];
  if (value.every((item) => typeof item === "string" && item.length <= maxLength)) return [];
  return value.flatMap((item: unknown, index) => {
    if (typeof item !== "string") return [{ path: [index], message: "expected string" }];
    if (item.length <= maxLength) return [];
    return [{ path: [index], message: `expected at most ${maxLength} characters` }];
  });
}
