import type { Schedule } from "../../../provider/appliance/schedules/schedule.ts";

const MINUTE_MS = 60_000;

/** What a clock on the wall shows. */
interface Wall {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly minuteOfDay: number;
}

/** The clock on the wall of a time zone, as the system's own tables have it. */
function wallOf(timezone: string): (ms: number) => Wall {
  const format = new Intl.DateTimeFormat("en-u-ca-gregory-nu-latn", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const [year, month, day] = [parts.get("year") ?? 0, parts.get("month") ?? 0, parts.get("day") ?? 0];
    const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
    return { year, month, day, weekday, minuteOfDay: (parts.get("hour") ?? 0) * 60 + (parts.get("minute") ?? 0) };
  };
}

/** What the clock on the wall of a time zone shows in every minute of a span. */
export interface WallMinutes {
  readonly fromMs: number;
  readonly minutes: readonly Wall[];
}

/** Looks at the clock on the wall every minute, which costs more than all that is done with it. */
export function wallMinutes(timezone: string, fromMs: number, toMs: number): WallMinutes {
  const wall = wallOf(timezone);
  const count = Math.round((toMs - fromMs) / MINUTE_MS);
  return { fromMs, minutes: Array.from({ length: count }, (_, index) => wall(fromMs + index * MINUTE_MS)) };
}

/**
 * The runs of a schedule in a span, the simplest way there is: on a day that matches, the first minute that shows the
 * time or, if that time was jumped over, the first after it. It knows nothing of cron, of rules for summer, nor of the
 * code that it is compared with. A day that had begun before the span may give a run too many at its start.
 */
export function walkMinutes(
  schedule: Exclude<Schedule, { kind: "interval" }>,
  { fromMs, minutes }: WallMinutes,
): number[] {
  const wanted = schedule.at.hour * 60 + schedule.at.minute;
  const runs: number[] = [];
  let done = "";
  for (const [index, now] of minutes.entries()) {
    if (now.minuteOfDay < wanted || !isDay(schedule, now)) continue;
    const day = `${now.year}-${now.month}-${now.day}`;
    if (day !== done) runs.push(fromMs + index * MINUTE_MS);
    done = day;
  }
  return runs;
}

function isDay(schedule: Exclude<Schedule, { kind: "interval" }>, { month, day, weekday }: Wall): boolean {
  switch (schedule.kind) {
    case "daily":
      return true;
    case "weekly":
      return weekday === schedule.weekday;
    case "monthly":
      return day === schedule.day;
    case "yearly":
      return month === schedule.month && day === schedule.day;
    default:
      return schedule satisfies never;
  }
}
