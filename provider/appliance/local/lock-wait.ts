import { setTimeout as pause } from "node:timers/promises";
import { isBusy } from "./sqlite-errors.ts";

/** How long SQLite itself waits, which stops the whole process; the rest is waited for by coming back. */
export const SQLITE_WAIT_MS = 50;

const LEAST_PAUSE_MS = 5;
const MOST_PAUSE_MS = 50;

/**
 * Tries until no other connection is in the way, without stopping the process meanwhile.
 * @throws what the last attempt threw, once `waitMs` are over
 */
export async function whenFree<Result>(attempt: () => Result, waitMs: number): Promise<Result> {
  const end = performance.now() + waitMs;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= end) throw error;
    }
    await pause(LEAST_PAUSE_MS + Math.random() * (MOST_PAUSE_MS - LEAST_PAUSE_MS));
  }
}
