import * as z from "zod";
import { Archive, Asset, ResourceReference } from "./value.ts";

/** A length of time as text: a whole or decimal number and one of `ms`, `s`, `m`, `h`, `d`. */
export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A property that holds a length of time. @example duration().default("2s").meta({ description: "How long to wait." }) */
export function duration() {
  const expected = 'a duration: a number and a unit, such as "500ms", "2s", "5m" or "1h"';
  return z
    .custom<Duration>((value) => typeof value === "string" && DURATION.test(value), { error: `expected ${expected}` })
    .meta({ special: { kind: "text", expected } });
}

/**
 * The length of a duration in milliseconds.
 * @throws RangeError if the text is no duration
 * @example durationMs("1.5s") // 1500
 */
export function durationMs(text: Duration): number {
  const match = DURATION.exec(text);
  const unitMs = UNIT_MS[match?.[2] ?? ""];
  if (match === null || unitMs === undefined) throw new RangeError(`${JSON.stringify(text)} is not a duration`);
  return Number(match[1]) * unitMs;
}

/** A share of something, from 0% to 100%. */
export type Percentage = `${number}%`;

const PERCENTAGE = /^(100(?:\.0+)?|\d{1,2}(?:\.\d+)?)%$/;

/** A property that holds either a whole number (0 or more, unless told otherwise) or a share such as `"10%"`. */
export function numberOrPercent(minimum = 0) {
  const expected = 'a percentage from 0% to 100%, such as "10%"';
  const percentage = z
    .custom<Percentage>((value) => typeof value === "string" && PERCENTAGE.test(value), {
      error: `expected ${expected}`,
    })
    .meta({ special: { kind: "text", expected } });
  return z.union([z.int().min(minimum), percentage]);
}

/**
 * How many of `total` a count or share means; a share is rounded down.
 * @example resolveCount("10%", 45) // 4
 */
export function resolveCount(value: number | Percentage, total: number): number {
  if (typeof value === "number") return value;
  // In whole numbers, because 0.57 * 10000 is 5699.999999999999.
  const [whole = "", fraction = ""] = value.slice(0, -1).split(".");
  return Math.floor((Number(whole + fraction) * total) / (100 * 10 ** fraction.length));
}

/** A property that holds a file. */
export function asset() {
  return z
    .custom<Asset>((value) => value instanceof Asset, { error: "expected an asset (a file)" })
    .meta({ special: { kind: "asset" } });
}

/** A property that holds a tree of files. */
export function archive() {
  return z
    .custom<Archive>((value) => value instanceof Archive, {
      error: "expected an archive (a folder, a tar or zip file, or named assets)",
    })
    .meta({ special: { kind: "archive" } });
}

/** A property that refers to another resource of this provider, by the name of its descriptor. */
export function resourceReference(resource: string) {
  return z
    .custom<ResourceReference>((value) => value instanceof ResourceReference, {
      error: `expected a resource of type ${resource}`,
    })
    .meta({ special: { kind: "reference", resource } });
}
