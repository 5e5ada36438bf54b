import * as z from "zod";
import { duration, durationMs } from "../kit/define/scalars.ts";

/** The longest that a timer can wait: past 2^31 milliseconds, a little more, it would end at once. */
const LONGEST = "24d";

/** A time limit: longer than nothing, and not longer than a timer can wait. */
export function limit() {
  return duration()
    .refine((text) => durationMs(text) > 0, { error: 'expected more than no time at all, such as "10s"' })
    .refine((text) => durationMs(text) <= durationMs(LONGEST), {
      error: `expected no more than ${LONGEST}, such as "10s"`,
    });
}

/** A port number that something can listen on. */
export function port() {
  return z.int().min(1).max(65_535);
}

const VERSION = /^\d+(\.\d+){1,3}$/;

/** The version of an agent, as its packages name it. */
export function version() {
  return z.string().regex(VERSION, { error: 'expected a version of two to four numbers, such as "14.1.19"' });
}
