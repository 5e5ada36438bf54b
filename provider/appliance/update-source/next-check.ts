import { nextRun } from "../schedules/next-runs.ts";

/**
 * When updates are looked for next, milliseconds since 1970.
 *
 * @param checkAt a time of day: `03:40`
 * @example nextCheck("03:40", Date.now(), "Europe/Berlin")
 */
export function nextCheck(checkAt: string, afterMs: number, timezone: string): number | undefined {
  const [hour = 0, minute = 0] = checkAt.split(":").map(Number);
  return nextRun({ kind: "daily", at: { hour, minute } }, afterMs, timezone);
}
