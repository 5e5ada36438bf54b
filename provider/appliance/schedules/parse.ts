import { nearest } from "../../kit/define/suggest.ts";
import { MONTHS, type Schedule, type ScheduleWords, type TimeOfDay, WEEKDAYS } from "./schedule.ts";
import { isTimezone, problemOfTimezone } from "./timezones.ts";

/** What is wrong with a schedule, and at which of its properties. */
export interface ScheduleProblem {
  readonly path: readonly (keyof ScheduleWords)[];
  readonly message: string;
}

export type ParsedSchedule =
  | { readonly ok: true; readonly schedule: Schedule }
  | { readonly ok: false; readonly problems: readonly ScheduleProblem[] };

/** Longer intervals are better said by a day of the month. */
const MAX_INTERVAL_MINUTES = 30 * 24 * 60;

/** As many days as a month ever has: 29 February comes in leap years. */
const MOST_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

const INTERVAL = /^(?:(\d+)\s*)?(minutes?|hours?|min|m|h)$/;
const HOURS_24 = /^([01]?\d|2[0-3]):([0-5]\d)$/;
const HOURS_12 = /^(0?[1-9]|1[0-2]):([0-5]\d)\s*([ap])m$/i;

/**
 * Reads a schedule; everything that is wrong with it is said at once. A schedule that would never fire is refused.
 *
 * @example parseSchedule({ every: "month", day: 31, at: "11:45 PM" })
 */
export function parseSchedule(words: ScheduleWords): ParsedSchedule {
  const problems: ScheduleProblem[] = [];
  const report = (property: keyof ScheduleWords, message: string) => problems.push({ path: [property], message });
  const schedule = read(words, report);
  return schedule === undefined || problems.length > 0 ? { ok: false, problems } : { ok: true, schedule };
}

type Report = (property: keyof ScheduleWords, message: string) => void;

function read(words: ScheduleWords, report: Report): Schedule | undefined {
  const every = words.every.trim().toLowerCase();
  const minutes = minutesOf(every);
  if (minutes !== undefined) return intervalOf(minutes, words, report);
  const weekday = WEEKDAYS.findIndex((name) => name === every);
  const month = MONTHS.findIndex((name) => name === every) + 1;
  if (every !== "day" && every !== "month" && weekday < 0 && month === 0) {
    report("every", `${EXPECTED}${suggestion(every)}`);
    return undefined;
  }
  const at = timeOfDay(words.at, report);
  if (words.timezone !== undefined && !isTimezone(words.timezone))
    report("timezone", problemOfTimezone(words.timezone));
  const ofMonth = every === "month" || month > 0;
  const day = ofMonth ? dayOf(words.day, month, report) : undefined;
  if (!ofMonth && words.day !== undefined)
    report("day", `is for \`every: "month"\` or the name of a month; leave it out`);
  if (at === undefined) return undefined;
  const time = { at, ...(words.timezone !== undefined && { timezone: words.timezone }) };
  if (every === "day") return { kind: "daily", ...time };
  if (weekday >= 0) return { kind: "weekly", weekday, ...time };
  if (day === undefined) return undefined;
  return month === 0 ? { kind: "monthly", day, ...time } : { kind: "yearly", month, day, ...time };
}

const EXPECTED =
  'expected an interval, such as "15 minutes" or "2 hours", or "day", a weekday, "month", or the name of a month';

function suggestion(every: string): string {
  const near = nearest(every, ["day", "month", "15 minutes", "2 hours", ...WEEKDAYS, ...MONTHS]);
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

function minutesOf(every: string): number | undefined {
  const match = INTERVAL.exec(every);
  if (match === null) return undefined;
  const [, count, unit = ""] = match;
  return Number(count ?? 1) * (unit.startsWith("h") ? 60 : 1);
}

function intervalOf(minutes: number, words: ScheduleWords, report: Report): Schedule {
  if (minutes < 1) report("every", "an interval of nothing never ends; the least is 1 minute");
  if (minutes > MAX_INTERVAL_MINUTES)
    report("every", 'the longest interval is 30 days (720 hours); for more write `every: "month"` and a `day`');
  for (const property of ["at", "day", "timezone"] as const)
    if (words[property] !== undefined)
      report(property, "means nothing to an interval, which goes on through the day; leave it out");
  return { kind: "interval", minutes };
}

function timeOfDay(text: string | undefined, report: Report): TimeOfDay | undefined {
  if (text === undefined) {
    report("at", 'expected the time of day, such as "02:30" or "2:30 AM"');
    return undefined;
  }
  const trimmed = text.trim();
  const [, hour24, minute24] = HOURS_24.exec(trimmed) ?? [];
  if (hour24 !== undefined) return { hour: Number(hour24), minute: Number(minute24) };
  const [, hour12, minute12, half] = HOURS_12.exec(trimmed) ?? [];
  if (hour12 !== undefined) {
    // 12 AM is the first hour of the day, 12 PM the hour of noon.
    const hour = (Number(hour12) % 12) + (half?.toLowerCase() === "p" ? 12 : 0);
    return { hour, minute: Number(minute12) };
  }
  report("at", 'expected a time of day from "00:00" to "23:59", or with AM or PM, such as "2:30 AM"');
  return undefined;
}

function dayOf(day: number | undefined, month: number, report: Report): number | undefined {
  if (day === undefined) {
    report("day", "expected the day of the month, from 1 to 31");
    return undefined;
  }
  const most = month === 0 ? 31 : (MOST_DAYS[month - 1] ?? 31);
  if (Number.isInteger(day) && day >= 1 && day <= most) return day;
  const name = MONTHS[month - 1];
  report(
    "day",
    name === undefined || day < 1 || !Number.isInteger(day)
      ? `expected a day of the month, from 1 to ${most}`
      : `there is never a ${day} ${capital(name)}, so it would never run: expected a day from 1 to ${most}`,
  );
  return undefined;
}

function capital(name: string): string {
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}
