import { Cron } from "croner";
import type { Schedule } from "./schedule.ts";

const MINUTE_MS = 60_000;

/**
 * The next moments at which a schedule fires, in milliseconds since 1970, each later than `afterMs`.
 *
 * - Intervals count from 1970-01-01T00:00Z, whatever the time zone: 15 minutes are the quarters of every hour, and a
 *   restart does not shift them.
 * - A day that a month does not have is left out, as cron does: day 31 fires seven times a year.
 * - A time that the clock jumps over in spring fires at the first moment after the jump; one that comes twice in autumn
 *   fires the first time only. So every day has exactly one run.
 *
 * @param timezone of the appliance, for schedules that name none
 * @example nextRuns({ kind: "daily", at: { hour: 2, minute: 30 } }, { afterMs: Date.now(), count: 3, timezone: "Europe/Berlin" })
 */
export function nextRuns(
  schedule: Schedule,
  { afterMs, count, timezone }: { readonly afterMs: number; readonly count: number; readonly timezone: string },
): number[] {
  if (schedule.kind === "interval") {
    const stepMs = schedule.minutes * MINUTE_MS;
    const firstMs = (Math.floor(afterMs / stepMs) + 1) * stepMs;
    return Array.from({ length: count }, (_, index) => firstMs + index * stepMs);
  }
  const cron = new Cron(patternOf(schedule), { timezone: schedule.timezone ?? timezone, mode: "5-part" });
  return cron.nextRuns(count, new Date(afterMs)).map((run) => run.getTime());
}

/** The first of {@link nextRuns}. */
export function nextRun(schedule: Schedule, afterMs: number, timezone: string): number | undefined {
  return nextRuns(schedule, { afterMs, count: 1, timezone })[0];
}

/** The time zone of this computer, as its system names it. */
export function systemTimezone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** In the form of cron: minute, hour, day of the month, month, weekday. */
function patternOf(schedule: Exclude<Schedule, { kind: "interval" }>): string {
  const time = `${schedule.at.minute} ${schedule.at.hour}`;
  switch (schedule.kind) {
    case "daily":
      return `${time} * * *`;
    case "weekly":
      return `${time} * * ${schedule.weekday}`;
    case "monthly":
      return `${time} ${schedule.day} * *`;
    case "yearly":
      return `${time} ${schedule.day} ${schedule.month} *`;
    default:
      return schedule satisfies never;
  }
}
