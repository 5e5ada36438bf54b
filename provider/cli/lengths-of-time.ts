import { InvalidArgumentError } from "commander";
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
