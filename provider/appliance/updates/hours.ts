import {
  type BlackoutDates,
  blackoutOn,
  dateText,
  lastDayOf,
  type ReadBlackout,
  readBlackouts,
} from "./blackout-dates.ts";
import { beginningOfDay, wallClock } from "./wall-clock.ts";
import {
  endOfWindow,
  isOpen,
  nextOpening,
  type OpenMinutes,
  openMinutes,
  type UpdateTimes,
  type UpdateWindow,
  windowAt,
} from "./windows.ts";

/** When a policy may begin updates: by the week, and by the calendar. */
export interface UpdateHoursGiven extends UpdateTimes {
  readonly blackoutDates: readonly BlackoutDates[];
}

/** The same, read once for many questions. */
export interface UpdateHours {
  readonly open: OpenMinutes;
  readonly blackoutWindows: readonly UpdateWindow[];
  readonly dates: readonly ReadBlackout[];
}

/** Why no update may begin at a moment. */
export interface Closed {
  readonly code: "outside-window" | "blackout";
  readonly reason: string;
  /** When one may, milliseconds since 1970; undefined where nobody knows. */
  readonly untilMs: number | undefined;
}

/** More blackouts than these one after the other, each over all that windows leave, are as good as for ever. */
const MAX_BLACKOUTS_IN_A_ROW = 1_000;

export function hoursOf({ windows, blackoutWindows, blackoutDates }: UpdateHoursGiven): UpdateHours {
  return {
    open: openMinutes({ windows, blackoutWindows }),
    blackoutWindows,
    dates: readBlackouts(blackoutDates),
  };
}

/**
 * Why no update may begin now; undefined where one may. Of a blackout it is said which one it is and when it ends, which
 * may be before updates begin again.
 *
 * @param timezone IANA name of the time zone that the hours are in
 * @example closedAt(hoursOf(policy), Date.now(), "Europe/Berlin")?.reason
 */
export function closedAt(hours: UpdateHours, nowMs: number, timezone: string): Closed | undefined {
  const { day } = wallClock(nowMs, timezone);
  const blackout = blackoutOn(hours.dates, day);
  if (blackout === undefined && isOpen(hours.open, nowMs, timezone)) return undefined;
  const untilMs = openingAfter(hours, nowMs, timezone);
  if (blackout !== undefined) {
    const { name, text, index } = blackout;
    const called = name === undefined ? `blackoutDates[${index}]` : JSON.stringify(name);
    const end = dateText(lastDayOf(blackout, day));
    const reason = `the blackout ${called} (${text}) holds until the end of ${end} (${timezone})`;
    return { code: "blackout", reason, untilMs };
  }
  const weekly = windowAt(hours.blackoutWindows, nowMs, timezone);
  if (weekly !== undefined) {
    const { from, to } = weekly.window;
    const reason = `blackoutWindows[${weekly.index}] (${from} to ${to}) holds until ${endOfWindow(weekly)} (${timezone})`;
    return { code: "blackout", reason, untilMs };
  }
  return { code: "outside-window", reason: "no window of the policy is open", untilMs };
}

/** The first moment, now or later, at which an update may begin. @returns milliseconds since 1970 */
function openingAfter({ open, dates }: UpdateHours, nowMs: number, timezone: string): number | undefined {
  let atMs = nowMs;
  for (let count = 0; count < MAX_BLACKOUTS_IN_A_ROW; count++) {
    const openMs = nextOpening(open, atMs, timezone);
    if (openMs === undefined) return undefined;
    const { day } = wallClock(openMs, timezone);
    const blackout = blackoutOn(dates, day);
    if (blackout === undefined) return openMs;
    atMs = beginningOfDay(lastDayOf(blackout, day) + 1, timezone);
  }
  return undefined;
}
