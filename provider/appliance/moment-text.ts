import * as z from "zod";
import { type Duration, durationMs } from "../kit/define/scalars.ts";

/**
 * A date (its beginning in UTC) or a moment, as RFC 3339 in UTC; undefined if it is neither.
 * @example dateOrMoment("2027-06-30") // "2027-06-30T00:00:00.000Z"
 */
export function dateOrMoment(text: string): string | undefined {
  const isOne = z.iso.date().safeParse(text).success || z.iso.datetime({ offset: true }).safeParse(text).success;
  return isOne ? new Date(text).toISOString() : undefined;
}

/**
 * A moment as people write it, as RFC 3339 in UTC: a date (its beginning in UTC), a moment, or how long ago it was.
 * Undefined for what is none.
 *
 * @example momentFrom("2h", Date.parse("2027-03-01T08:00:00Z")) // "2027-03-01T06:00:00.000Z"
 */
export function momentFrom(text: string, nowMs: number): string | undefined {
  const said = dateOrMoment(text);
  if (said !== undefined) return said;
  try {
    const ms = nowMs - durationMs(text as Duration); // it says itself where it is none
    return Number.isNaN(new Date(ms).getTime()) ? undefined : new Date(ms).toISOString();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
