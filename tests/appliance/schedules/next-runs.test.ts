import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextRun, nextRuns } from "../../../provider/appliance/schedules/next-runs.ts";
import type { Schedule } from "../../../provider/appliance/schedules/schedule.ts";
import { walkMinutes, wallMinutes } from "./minute-walk.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

function from(moment: string, schedule: Schedule, count = 3, timezone = "UTC"): string[] {
  const runs = nextRuns(schedule, { afterMs: Date.parse(moment), count, timezone });
  return runs.map((ms) => new Date(ms).toISOString().replace(":00.000Z", "Z"));
}

describe("the next runs of a schedule", () => {
  it("of an interval are at whole multiples of it, whenever one asks, and never now", () => {
    const quarters: Schedule = { kind: "interval", minutes: 15 };
    expect(from("2027-03-01T08:07:12Z", quarters)).toEqual([
      "2027-03-01T08:15Z",
      "2027-03-01T08:30Z",
      "2027-03-01T08:45Z",
    ]);
    expect(from("2027-03-01T08:15:00Z", quarters, 1)).toEqual(["2027-03-01T08:30Z"]);
    expect(from("2027-03-01T08:07:00Z", { kind: "interval", minutes: 7 * 60 }, 2)).toEqual([
      "2027-03-01T09:00Z",
      "2027-03-01T16:00Z",
    ]);
  });

  it("are in the schedule's own time zone, else in that of the appliance", () => {
    const at = { hour: 2, minute: 30 };
    expect(from("2027-01-01T00:00:00Z", { kind: "daily", at, timezone: "Europe/Berlin" }, 1)).toEqual([
      "2027-01-01T01:30Z",
    ]);
    expect(from("2027-01-01T00:00:00Z", { kind: "daily", at }, 1, "America/New_York")).toEqual(["2027-01-01T07:30Z"]);
  });

  it("leave out months without the day, and years without 29 February", () => {
    const at = { hour: 6, minute: 0 };
    expect(from("2027-01-31T12:00:00Z", { kind: "monthly", day: 31, at })).toEqual([
      "2027-03-31T06:00Z",
      "2027-05-31T06:00Z",
      "2027-07-31T06:00Z",
    ]);
    expect(from("2095-01-01T00:00:00Z", { kind: "yearly", month: 2, day: 29, at }, 2)).toEqual([
      "2096-02-29T06:00Z",
      "2104-02-29T06:00Z",
    ]);
  });

  const halfPastTwo: Schedule = { kind: "daily", at: { hour: 2, minute: 30 }, timezone: "Europe/Berlin" };

  it("come right after the jump where the clock jumps over the time", () => {
    expect(from("2027-03-27T12:00:00Z", halfPastTwo, 2)).toEqual(["2027-03-28T01:00Z", "2027-03-29T00:30Z"]);
  });

  it("come the first time only where the time comes twice", () => {
    expect(from("2027-10-30T12:00:00Z", halfPastTwo, 2)).toEqual(["2027-10-31T00:30Z", "2027-11-01T01:30Z"]);
    // Asked between the two: that day has had its run.
    expect(from("2027-10-31T00:45:00Z", halfPastTwo, 1)).toEqual(["2027-11-01T01:30Z"]);
  });
});

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "Europe/London",
  "America/New_York",
  "America/St_Johns",
  "America/Santiago",
  // The clock jumps at midnight.
  "Africa/Cairo",
  "Asia/Beirut",
  "Atlantic/Azores",
  "America/Havana",
  // By half an hour, and by two hours.
  "Australia/Lord_Howe",
  "Antarctica/Troll",
  "Pacific/Chatham",
  "Asia/Kathmandu",
  "Africa/Casablanca",
];

const schedules = fc
  .record({
    kind: fc.constantFrom("daily", "weekly", "monthly", "yearly"),
    // The hours around which clocks jump are drawn more often.
    hour: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 23 })),
    minute: fc.oneof(fc.constantFrom(0, 30), fc.integer({ min: 0, max: 59 })),
    weekday: fc.integer({ min: 0, max: 6 }),
    day: fc.integer({ min: 1, max: 31 }),
    month: fc.integer({ min: 1, max: 12 }),
  })
  .map(({ kind, hour, minute, weekday, day, month }): Exclude<Schedule, { kind: "interval" }> => {
    const at = { hour, minute };
    if (kind === "daily") return { kind, at };
    if (kind === "weekly") return { kind, weekday, at };
    if (kind === "monthly") return { kind, day, at };
    return { kind: "yearly", month, day: Math.min(day, 28), at };
  });

/** When a time zone sets its clock forward or back in these years, by looking at it at noon of every day. */
function jumps(timezone: string, firstYear: number, lastYear: number): number[] {
  const format = new Intl.DateTimeFormat("en", { timeZone: timezone, timeZoneName: "longOffset" });
  const offset = (ms: number) => format.formatToParts(ms).find(({ type }) => type === "timeZoneName")?.value;
  const days: number[] = [];
  for (let ms = Date.UTC(firstYear, 0, 1, 12); ms < Date.UTC(lastYear + 1, 0, 1); ms += DAY_MS)
    if (offset(ms) !== offset(ms - DAY_MS)) days.push(ms);
  return days;
}

/** Every kind of schedule, at the hours in which clocks are set, on the day of a jump and on those beside it. */
function* schedulesAround(jumpMs: number): Generator<Exclude<Schedule, { kind: "interval" }>> {
  for (const at of [
    { hour: 0, minute: 0 },
    { hour: 0, minute: 30 },
    { hour: 1, minute: 15 },
    { hour: 2, minute: 0 },
    { hour: 2, minute: 30 },
    { hour: 3, minute: 0 },
    { hour: 23, minute: 30 },
  ]) {
    yield { kind: "daily", at };
    for (const day of [-1, 0, 1]) {
      const date = new Date(jumpMs + day * DAY_MS);
      yield { kind: "weekly", weekday: date.getUTCDay(), at };
      yield { kind: "monthly", day: date.getUTCDate(), at };
      yield { kind: "yearly", month: date.getUTCMonth() + 1, day: date.getUTCDate(), at };
    }
  }
}

describe("every kind of schedule, compared with a walk over the minutes", { timeout: 600_000 }, () => {
  it.each(ZONES)("fires alike on all days around which %s sets its clock, in six years", (timezone) => {
    for (const ms of jumps(timezone, 2026, 2031)) {
      const [fromMs, toMs] = [ms - DAY_MS, ms + DAY_MS];
      const wall = wallMinutes(timezone, fromMs - DAY_MS, toMs);
      for (const schedule of schedulesAround(ms)) {
        expect(runsOf(schedule, timezone, fromMs, toMs), JSON.stringify({ timezone, schedule })).toEqual(
          since(fromMs, walkMinutes(schedule, wall)),
        );
      }
    }
  });

  it("fires alike over any days of any zone", () => {
    fc.assert(
      fc.property(
        schedules,
        fc.constantFrom(...ZONES),
        fc.integer({ min: Date.UTC(2026, 0, 1) / DAY_MS, max: Date.UTC(2037, 0, 1) / DAY_MS }),
        (schedule, timezone, startDay) => {
          const days = schedule.kind === "daily" || schedule.kind === "weekly" ? 8 : 33;
          const [fromMs, toMs] = [startDay * DAY_MS, (startDay + days) * DAY_MS];
          const wall = wallMinutes(timezone, fromMs - DAY_MS, toMs);
          expect(runsOf(schedule, timezone, fromMs, toMs)).toEqual(since(fromMs, walkMinutes(schedule, wall)));
        },
      ),
      { numRuns: 12 },
    );
  });

  it("gives runs that rise, each the next of the one before", () => {
    fc.assert(
      fc.property(schedules, fc.constantFrom(...ZONES), fc.date(BETWEEN), (schedule, timezone, start) => {
        const runs = nextRuns(schedule, { afterMs: start.getTime(), count: 5, timezone });
        expect(runs).toHaveLength(5);
        let before = start.getTime();
        for (const run of runs) {
          expect(run).toBeGreaterThan(before);
          expect(nextRun(schedule, before, timezone)).toBe(run);
          before = run;
        }
      }),
      { numRuns: 100 },
    );
  });
});

const BETWEEN = { min: new Date("2026-01-01T00:00:00Z"), max: new Date("2037-01-01T00:00:00Z"), noInvalidDate: true };

/** The runs in a span of time, one after the other as a server asks for them. */
function runsOf(schedule: Schedule, timezone: string, fromMs: number, toMs: number): string[] {
  const runs: number[] = [];
  // From just before the first minute, which may be one to run at.
  let next = nextRun(schedule, fromMs - 1, timezone);
  while (next !== undefined && next < toMs) {
    runs.push(next);
    next = nextRun(schedule, next, timezone);
  }
  return runs.map(text);
}

function since(fromMs: number, runs: readonly number[]): string[] {
  return runs.filter((ms) => ms >= fromMs).map(text);
}

function text(ms: number): string {
  return new Date(ms).toISOString();
}
