import { WEEKDAYS } from "../schedules/schedule.ts";

/** What the clocks and calendars of a time zone show at a moment. */
export interface WallClock {
  /** 0 is Sunday. */
  readonly weekday: number;
  /** After midnight, 0 to 1439. */
  readonly minute: number;
  /** The date, as a number of days since 1970-01-01. */
  readonly day: number;
}

export const DAY_MS = 86_400_000;

const DAY_NAMES: readonly string[] = WEEKDAYS;

/**
 * What the clocks of a time zone show.
 * @example wallClock(Date.parse("2027-03-01T23:30:00Z"), "Europe/Berlin").minute // 30
 */
export function wallClock(nowMs: number, timezone: string): WallClock {
  const parts = clockOf(timezone).formatToParts(nowMs);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? "";
  const number = (type: Intl.DateTimeFormatPartTypes) => Number(part(type));
  return {
    weekday: DAY_NAMES.indexOf(part("weekday").toLowerCase()),
    minute: number("hour") * 60 + number("minute"),
    day: Date.UTC(number("year"), number("month") - 1, number("day")) / DAY_MS,
  };
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Making one takes far longer than asking it; there are few time zones. */
function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    weekday: "long",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  clocks.set(timeZone, made);
  return made;
}

/** No time zone is further from UTC than this, also while its clocks are changed. */
const FURTHEST_MINUTES = 16 * 60;

/**
 * The first minute of a date on the calendars of a time zone; of the next date there is where clocks or calendars jump
 * over it.
 *
 * @param day days since 1970-01-01
 * @returns milliseconds since 1970
 */
export function beginningOfDay(day: number, timezone: string): number {
  let before = (day * DAY_MS) / 60_000 - FURTHEST_MINUTES;
  let after = before + 2 * FURTHEST_MINUTES;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (wallClock(middle * 60_000, timezone).day >= day) after = middle;
    else before = middle;
  }
  return after * 60_000;
}
