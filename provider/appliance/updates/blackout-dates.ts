import { MONTHS } from "../schedules/schedule.ts";
import { DAY_MS } from "./wall-clock.ts";

/** Days on which a policy begins nothing, on the calendar of its time zone. */
export interface BlackoutDates {
  /** The first day: `12-24` of every year, or `2026-12-24` of one. */
  readonly from: string;
  /** The last day, which belongs to it, in the same form; the first day where left out. */
  readonly to?: string | undefined;
  /** What people call it. */
  readonly name?: string | undefined;
}

export interface DateProblem {
  readonly path: readonly ["blackoutDates", ...(string | number)[]];
  readonly message: string;
}

/** A day of every year or, with `year`, of one. */
interface CalendarDay {
  readonly year: number | undefined;
  /** The month times 100 and the day: 1224. They are in the order of the year. */
  readonly monthDay: number;
}

const LEAP_YEAR = 2000;
const DAY = /^(?:(?<year>2\d{3})-)?(?<month>\d\d)-(?<day>\d\d)$/;

/** In one year of these the 29th of February comes at least. */
const LEAP_GAP_DAYS = 8 * 366;

/** Reads `12-24` or `2026-12-24`; undefined for another form and for a day that there never is. */
function readDay(text: string): CalendarDay | undefined {
  const groups = DAY.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const [month, day] = [Number(groups.month), Number(groups.day)];
  const year = groups.year === undefined ? undefined : Number(groups.year);
  const date = new Date(Date.UTC(year ?? LEAP_YEAR, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return { year, monthDay: month * 100 + day };
}

/** Whether a text is a day of the calendar, of every year or of one. @example isCalendarDay("02-30") // false */
export function isCalendarDay(text: string): boolean {
  return readDay(text) !== undefined;
}

/** Why a text is no day. @example problemOfDay("02-30") // "there is no 30 february" */
export function problemOfDay(text: string): string {
  const { year, month, day } = DAY.exec(text)?.groups ?? {};
  const name = MONTHS[Number(month) - 1];
  const why =
    name === undefined ? "" : `there is no ${Number(day)} ${name}${year === undefined ? "" : ` in ${year}`}; `;
  return `${why}expected a day such as "12-24", of every year, or "2026-12-24", of one year from 2000 to 2999`;
}

/** Blackouts with their days read. */
export interface ReadBlackout {
  readonly index: number;
  readonly name: string | undefined;
  readonly text: string;
  /** Of every year: month times 100 and day. Of one: days since 1970-01-01. */
  readonly from: number;
  readonly to: number;
  readonly isYearly: boolean;
}

/** Those that can be read: `problemsOfDates` says what is wrong with the others. */
export function readBlackouts(list: readonly BlackoutDates[]): ReadBlackout[] {
  return list.flatMap(({ from: fromText, to: toText = fromText, name }, index) => {
    const [from, to] = [readDay(fromText), readDay(toText)];
    if (from === undefined || to === undefined || (from.year === undefined) !== (to.year === undefined)) return [];
    const isYearly = from.year === undefined;
    const days = fromText === toText ? fromText : `${fromText} to ${toText}`;
    const text = isYearly ? `${days} of every year` : days;
    const [first, last] = isYearly ? [from.monthDay, to.monthDay] : [dayNumber(from), dayNumber(to)];
    return [{ index, name, text, from: first, to: last, isYearly }];
  });
}

function dayNumber({ year = LEAP_YEAR, monthDay }: CalendarDay): number {
  return Date.UTC(year, Math.floor(monthDay / 100) - 1, monthDay % 100) / DAY_MS;
}

/** The month times 100 and the day of a date. @param day days since 1970-01-01 */
function monthDayOf(day: number): number {
  const date = new Date(day * DAY_MS);
  return (date.getUTCMonth() + 1) * 100 + date.getUTCDate();
}

function holds({ isYearly, from, to }: ReadBlackout, day: number): boolean {
  if (!isYearly) return from <= day && day <= to;
  return isInYear(from, to, monthDayOf(day));
}

function isInYear(from: number, to: number, monthDay: number): boolean {
  return from <= to ? from <= monthDay && monthDay <= to : monthDay >= from || monthDay <= to;
}

/** The blackout that holds on a date. @param day days since 1970-01-01 */
export function blackoutOn(blackouts: readonly ReadBlackout[], day: number): ReadBlackout | undefined {
  return blackouts.find((blackout) => holds(blackout, day));
}

/**
 * The last date of a blackout that holds on a date. One that ends on the 29th of February ends on the 28th where there
 * is no other.
 * @returns days since 1970-01-01
 */
export function lastDayOf({ isYearly, from, to }: ReadBlackout, day: number): number {
  if (!isYearly) return to;
  const year = new Date(day * DAY_MS).getUTCFullYear() + (from > to && monthDayOf(day) >= from ? 1 : 0);
  const last = dayNumber({ year, monthDay: to });
  return monthDayOf(last) === to ? last : last - 1;
}

/** Those that are over for good. @param today days since 1970-01-01 */
export function pastBlackouts(list: readonly BlackoutDates[], today: number): ReadBlackout[] {
  return readBlackouts(list).filter(({ isYearly, to }) => !isYearly && to < today);
}

/** A date in the form of `blackoutDates`. @example dateText(20_000) // "2024-10-04" */
export function dateText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/**
 * What is wrong with blackouts by date: days that there are not, of a year and of every year in one, ends before
 * beginnings, two that overlap, and years without a day that is left.
 *
 * @example problemsOfDates([{ from: "2026-12-24", to: "2026-01-02" }])[0]?.path // ["blackoutDates", 0, "to"]
 */
export function problemsOfDates(list: readonly BlackoutDates[]): DateProblem[] {
  const problems = list.flatMap(problemsOfOne);
  if (problems.length > 0) return problems;
  const read = readBlackouts(list);
  const overlaps = read.flatMap((blackout, index) => overlapOf(blackout, read.slice(0, index)));
  if (overlaps.length > 0) return overlaps;
  const yearly = read.filter(({ isYearly }) => isYearly);
  if (yearly.length === 0 || daysOfYear().some((day) => blackoutOn(yearly, day) === undefined)) return [];
  return [{ path: ["blackoutDates"], message: "they leave no day of the year on which an update may begin" }];
}

function problemsOfOne({ from: fromText, to: toText }: BlackoutDates, index: number): DateProblem[] {
  const at = (property: keyof BlackoutDates, message: string): DateProblem[] => [
    { path: ["blackoutDates", index, property], message },
  ];
  const from = readDay(fromText);
  if (from === undefined) return at("from", problemOfDay(fromText));
  if (toText === undefined) return [];
  const to = readDay(toText);
  if (to === undefined) return at("to", problemOfDay(toText));
  if ((from.year === undefined) !== (to.year === undefined))
    return at(
      "to",
      `${fromText} is of ${from.year === undefined ? "every year" : "one year"}, and ${toText} is not: write both with a year, or both without`,
    );
  if (from.year !== undefined && dayNumber(to) < dayNumber(from))
    return at("to", `${toText} is before ${fromText}, so that it has no day: exchange the two`);
  return [];
}

function daysOfYear(): number[] {
  const first = Date.UTC(LEAP_YEAR, 0, 1) / DAY_MS;
  return Array.from({ length: 366 }, (_, day) => first + day);
}

function overlapOf(blackout: ReadBlackout, before: readonly ReadBlackout[]): DateProblem[] {
  const { index, isYearly, from, to } = blackout;
  for (const other of before) {
    const day =
      !isYearly && !other.isYearly
        ? [Math.max(from, other.from)].find((common) => common <= Math.min(to, other.to))
        : daysToCompare(isYearly ? other : blackout).find((one) => holds(blackout, one) && holds(other, one));
    if (day === undefined) continue;
    const date = isYearly && other.isYearly ? dateText(day).slice(5) : dateText(day);
    const message = `it overlaps blackoutDates[${other.index}] on ${date}: make one of the two`;
    return [{ path: ["blackoutDates", index], message }];
  }
  return [];
}

/** The days on which one may meet one of every year: its own, or those of a year. */
function daysToCompare({ isYearly, from, to }: ReadBlackout): number[] {
  if (isYearly) return daysOfYear();
  return Array.from({ length: Math.min(to - from + 1, LEAP_GAP_DAYS) }, (_, day) => from + day);
}
