import { InvalidArgumentError } from "commander";
import { dateOrMoment } from "../appliance/moment-text.ts";
import { type Duration, durationMs } from "../kit/define/scalars.ts";

/**
 * A length of time as an option of a command gives it, in seconds.
 * @throws InvalidArgumentError for what is none
 * @example secondsFrom("1.5h") // 5400
 */
export function secondsFrom(text: string): number {
  try {
    return durationMs(text as Duration) / 1_000; // it refuses what is none
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InvalidArgumentError("A duration is a number and a unit, such as 30m or 2h.");
  }
}

/**
 * Reads an option that is a length of time in whole seconds: less than a second is one.
 * @throws InvalidArgumentError from what it returns, for what is none, too short or too long
 * @example secondsOf(86_400, "24h")("1.5h") // 5400
 */
export function secondsOf(longestSeconds: number, longest: string, leastSeconds: 0 | 1 = 1): (text: string) => number {
  return (text) => {
    const seconds = Math.ceil(secondsFrom(text));
    if (seconds >= leastSeconds && seconds <= longestSeconds) return seconds;
    throw new InvalidArgumentError(
      leastSeconds === 0 ? `It is ${longest} at most.` : `It is longer than 0s, and ${longest} at most.`,
    );
  };
}

/**
 * A time to come as an option of a command gives it, as RFC 3339 in UTC: a moment, or how long until then.
 * @throws InvalidArgumentError for what is neither
 * @example momentAhead("2027-03-01T22:00:00+01:00") // "2027-03-01T21:00:00.000Z"
 */
export function momentAhead(text: string): string {
  const said = dateOrMoment(text);
  if (said !== undefined) return said;
  try {
    const moment = new Date(Date.now() + durationMs(text as Duration)); // it refuses what is none
    if (!Number.isNaN(moment.getTime())) return moment.toISOString();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new InvalidArgumentError(
    "A time is a moment of RFC 3339, such as 2027-03-01T22:00:00Z, or how long until then, such as 2h.",
  );
}
