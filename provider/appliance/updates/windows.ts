import { WEEKDAYS } from "../schedules/schedule.ts";
import { wallClock } from "./wall-clock.ts";

export type Weekday = (typeof WEEKDAYS)[number];

/** A time of the week, on the clock of the policy's time zone. */
export interface UpdateWindow {
  /** `22:00`. */
  readonly from: string;
  /** `06:00`; on the next day where it is not after `from`. From 00:00 to 00:00 is a whole day. */
  readonly to: string;
  /** The days that it begins on; every day where left out. */
  readonly days?: readonly Weekday[] | undefined;
}

/** When a policy may begin updates. */
export interface UpdateTimes {
  /** None: at any time. */
  readonly windows: readonly UpdateWindow[];
  readonly blackoutWindows: readonly UpdateWindow[];
}

export interface WindowProblem {
  readonly path: readonly [keyof UpdateTimes, ...(string | number)[]] | readonly [keyof UpdateTimes];
  readonly message: string;
}

const MINUTE_MS = 60_000;
export const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** The minutes of a week, from Sunday 00:00 on, in which updates may begin: 1 where they may. */
export type OpenMinutes = Uint8Array;

/**
 * What is wrong with windows: one that is either nothing or a whole day, two that overlap, and blackouts that leave no
 * time at all.
 *
 * @example problemsOfTimes({ windows: [{ from: "06:00", to: "06:00" }], blackoutWindows: [] })[0]?.path // ["windows", 0, "to"]
 */
export function problemsOfTimes(times: UpdateTimes): WindowProblem[] {
  const problems = [
    ...problemsOfList("windows", times.windows),
    ...problemsOfList("blackoutWindows", times.blackoutWindows),
  ];
  if (problems.length > 0 || openMinutes(times).includes(1)) return problems;
  return [{ path: ["blackoutWindows"], message: "they leave no time in which an update may ever begin" }];
}

function problemsOfList(list: keyof UpdateTimes, windows: readonly UpdateWindow[]): WindowProblem[] {
  const taken = new Map<number, number>();
  return windows.flatMap((window, index): WindowProblem[] => {
    if (window.days?.length === 0) return [{ path: [list, index, "days"], message: "expected at least one day" }];
    if (window.from === window.to && window.from !== "00:00")
      return [
        {
          path: [list, index, "to"],
          message: `from ${window.from} to ${window.to} is either nothing or a whole day; a whole day is "00:00" to "00:00"`,
        },
      ];
    for (const minute of minutesOf(window)) {
      const other = taken.get(minute);
      if (other !== undefined)
        return [
          {
            path: [list, index],
            message:
              other === index
                ? `it overlaps itself at ${describeMinute(minute)}`
                : `it overlaps ${list}[${other}] at ${describeMinute(minute)}: make one of the two`,
          },
        ];
      taken.set(minute, index);
    }
    return [];
  });
}

function describeMinute(minute: number): string {
  const day = WEEKDAYS[Math.floor(minute / DAY_MINUTES)];
  const [hour, rest] = [Math.floor((minute % DAY_MINUTES) / 60), minute % 60];
  return `${String(hour).padStart(2, "0")}:${String(rest).padStart(2, "0")} on ${day}`;
}

function lengthOf({ from, to }: UpdateWindow): number {
  const minutes = minutesAt(to) - minutesAt(from);
  return minutes > 0 ? minutes : minutes + DAY_MINUTES;
}

function* minutesOf(window: UpdateWindow): Generator<number> {
  const length = lengthOf(window);
  for (const day of new Set(window.days ?? WEEKDAYS)) {
    const first = WEEKDAYS.indexOf(day) * DAY_MINUTES + minutesAt(window.from);
    for (let minute = first; minute < first + length; minute++) yield minute % WEEK_MINUTES;
  }
}

/** How many minutes after midnight a time of the day is. @example minutesAt("22:30") // 1350 */
export function minutesAt(time: string): number {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  return hour * 60 + minute;
}

/** The minutes of a week in which updates may begin. */
export function openMinutes({ windows, blackoutWindows }: UpdateTimes): OpenMinutes {
  const open = new Uint8Array(WEEK_MINUTES).fill(windows.length === 0 ? 1 : 0);
  for (const window of windows) for (const minute of minutesOf(window)) open[minute] = 1;
  for (const window of blackoutWindows) for (const minute of minutesOf(window)) open[minute] = 0;
  return open;
}

/** Which minute of the week, from Sunday 00:00 on, the clocks of a time zone show. */
export function minuteOfWeek(nowMs: number, timezone: string): number {
  const { weekday, minute } = wallClock(nowMs, timezone);
  return weekday * DAY_MINUTES + minute;
}

/** A window that holds at a moment. */
export interface HoldingWindow {
  readonly index: number;
  readonly window: UpdateWindow;
  /** The day that it began on: 0 is Sunday. */
  readonly weekday: number;
}

/** The window of a list that holds at a moment; they do not overlap. */
export function windowAt(windows: readonly UpdateWindow[], nowMs: number, timezone: string): HoldingWindow | undefined {
  const now = minuteOfWeek(nowMs, timezone);
  for (const [index, window] of windows.entries()) {
    const begin = minutesAt(window.from);
    const length = lengthOf(window);
    for (const day of window.days ?? WEEKDAYS) {
      const weekday = WEEKDAYS.indexOf(day);
      const since = (now - weekday * DAY_MINUTES - begin + WEEK_MINUTES) % WEEK_MINUTES;
      if (since < length) return { index, window, weekday };
    }
  }
  return undefined;
}

/** When a window ends, in words. @example endOfWindow({ window: { from: "20:00", to: "06:00" }, weekday: 0, index: 0 }) // "06:00 on monday" */
export function endOfWindow({ window, weekday }: HoldingWindow): string {
  return describeMinute((weekday * DAY_MINUTES + minutesAt(window.from) + lengthOf(window)) % WEEK_MINUTES);
}

export function isOpen(open: OpenMinutes, nowMs: number, timezone: string): boolean {
  return open[minuteOfWeek(nowMs, timezone)] === 1;
}

/** No clock is set forward or back by more than this at once. */
const CLOCK_CHANGE_MINUTES = 180;

/**
 * The first moment, now or later, at which updates may begin; undefined where there is none. Clocks that are set
 * forward may jump over a window: it does not open on that day.
 *
 * @returns milliseconds since 1970
 */
export function nextOpening(open: OpenMinutes, nowMs: number, timezone: string): number | undefined {
  if (!open.includes(1)) return undefined;
  let atMs = nowMs;
  // Two weeks are enough for the rarest window, also where clocks jump over it once.
  while (atMs < nowMs + 2 * WEEK_MINUTES * MINUTE_MS) {
    const minute = minuteOfWeek(atMs, timezone);
    if (open[minute] === 1) return atMs;
    let ahead = 1;
    while (open[(minute + ahead) % WEEK_MINUTES] !== 1) ahead += 1;
    // The last stretch is gone minute by minute: the clocks may be changed in it.
    const stepMinutes = Math.max(1, ahead - CLOCK_CHANGE_MINUTES);
    atMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS + stepMinutes * MINUTE_MS;
  }
  return undefined;
}
