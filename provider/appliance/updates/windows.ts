import { WEEKDAYS } from "../schedules/schedule.ts";

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

const DAY_NAMES: readonly string[] = WEEKDAYS;
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

function* minutesOf({ from, to, days = WEEKDAYS }: UpdateWindow): Generator<number> {
  const [begin, end] = [minutesAt(from), minutesAt(to)];
  const length = end > begin ? end - begin : end - begin + DAY_MINUTES;
  for (const day of new Set(days)) {
    const first = WEEKDAYS.indexOf(day) * DAY_MINUTES + begin;
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
  const parts = clockOf(timezone).formatToParts(nowMs);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? "";
  const day = DAY_NAMES.indexOf(part("weekday").toLowerCase());
  return day * DAY_MINUTES + Number(part("hour")) * 60 + Number(part("minute"));
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Making one takes far longer than asking it; there are few time zones. */
function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone,
    weekday: "long",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  clocks.set(timeZone, made);
  return made;
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
