import { describe, expect, it } from "vitest";
import {
  type BlackoutDates,
  isCalendarDay,
  pastBlackouts,
  problemOfDay,
  problemsOfDates,
} from "../../../provider/appliance/updates/blackout-dates.ts";
import { closedAt, hoursOf, type UpdateHoursGiven } from "../../../provider/appliance/updates/hours.ts";
import { DAY_MS } from "../../../provider/appliance/updates/wall-clock.ts";

const CHRISTMAS: BlackoutDates = { from: "12-24", to: "01-02", name: "Christmas" };
const BERLIN = "Europe/Berlin";

describe("a day of a blackout", () => {
  it.each([
    ["12-24", true],
    ["2026-12-24", true],
    ["02-29", true],
    ["2028-02-29", true],
    ["2027-02-29", false],
    ["02-30", false],
    ["13-01", false],
    ["00-10", false],
    ["04-31", false],
    ["1-2", false],
    ["24.12.", false],
    ["1999-12-24", false],
  ])("%s is one: %s", (text, expected) => {
    expect(isCalendarDay(text)).toBe(expected);
  });

  it.each([
    ["02-30", /^there is no 30 february; expected a day such as "12-24"/],
    ["2027-02-29", /^there is no 29 february in 2027; expected/],
    ["Christmas", /^expected a day/],
  ])("%s that there is not is told", (text, sentence) => {
    expect(problemOfDay(text)).toMatch(sentence);
  });
});

describe("blackouts by date", () => {
  it.each<[string, readonly BlackoutDates[]]>([
    ["none", []],
    ["over the end of the year", [CHRISTMAS]],
    ["one day", [{ from: "10-03" }]],
    ["of one year", [{ from: "2026-12-24", to: "2027-01-02" }]],
    ["that touch", [CHRISTMAS, { from: "01-03", to: "01-06" }, { from: "2026-12-23" }]],
    ["of all but one day", [{ from: "03-02", to: "02-29" }]],
    ["of one year that take all of it", [{ from: "2027-01-01", to: "2027-12-31" }]],
    [
      "of two years",
      [
        { from: "2026-06-01", to: "2026-06-30" },
        { from: "2027-06-01", to: "2027-06-30" },
      ],
    ],
  ])("may be %s", (_, given) => {
    expect(problemsOfDates(given)).toEqual([]);
  });

  it.each<[string, readonly BlackoutDates[], (string | number)[], string]>([
    ["of a day there is not", [CHRISTMAS, { from: "02-30" }], ["blackoutDates", 1, "from"], "no 30 february"],
    ["to a day there is not", [{ from: "2027-02-01", to: "2027-02-29" }], ["blackoutDates", 0, "to"], "in 2027"],
    [
      "of one year and of all",
      [{ from: "2026-12-24", to: "01-02" }],
      ["blackoutDates", 0, "to"],
      "write both with a year, or both without",
    ],
    ["empty", [{ from: "2026-12-24", to: "2026-12-23" }], ["blackoutDates", 0, "to"], "exchange the two"],
    ["over another", [CHRISTMAS, { from: "01-02", to: "01-06" }], ["blackoutDates", 1], "blackoutDates[0] on 01-02"],
    [
      "over one of every year",
      [CHRISTMAS, { from: "2026-12-20", to: "2026-12-24" }],
      ["blackoutDates", 1],
      "blackoutDates[0] on 2026-12-24",
    ],
    [
      "over a 29th of February that comes years later",
      [{ from: "02-29" }, { from: "2096-03-01", to: "2104-03-01" }],
      ["blackoutDates", 1],
      "on 2104-02-29",
    ],
    [
      "over another of the same year",
      [
        { from: "2027-01-01", to: "2027-06-30" },
        { from: "2027-06-30", to: "2027-07-01" },
      ],
      ["blackoutDates", 1],
      "on 2027-06-30",
    ],
    ["all of the year", [{ from: "03-01", to: "02-29" }], ["blackoutDates"], "no day of the year"],
    [
      "all of the year together",
      [
        { from: "01-01", to: "06-30" },
        { from: "07-01", to: "12-31" },
      ],
      ["blackoutDates"],
      "no day of the year",
    ],
  ])("may not be %s", (_, given, path, sentence) => {
    const [problem] = problemsOfDates(given);
    expect(problem?.path).toEqual(path);
    expect(problem?.message).toContain(sentence);
  });

  it("are over once their year is", () => {
    const list = [CHRISTMAS, { from: "2026-12-24", to: "2027-01-02" }];
    const day = (text: string) => Date.parse(text) / DAY_MS;
    expect(pastBlackouts(list, day("2027-01-02"))).toEqual([]);
    expect(pastBlackouts(list, day("2027-01-03"))).toMatchObject([{ index: 1 }]);
  });
});

describe("a blackout", () => {
  it.each<[string, Partial<UpdateHoursGiven>, string, string, string | undefined]>([
    [
      "of every year ends with it",
      { blackoutDates: [CHRISTMAS] },
      "2026-12-31T12:00:00Z",
      "UTC",
      "2027-01-03T00:00:00Z",
    ],
    ["of every year ends in it", { blackoutDates: [CHRISTMAS] }, "2027-01-01T12:00:00Z", "UTC", "2027-01-03T00:00:00Z"],
    ["of every year is over", { blackoutDates: [CHRISTMAS] }, "2027-01-03T00:00:00Z", "UTC", undefined],
    ["has not begun", { blackoutDates: [CHRISTMAS] }, "2026-12-23T23:59:59Z", "UTC", undefined],
    [
      "begins by its own clocks",
      { blackoutDates: [CHRISTMAS] },
      "2026-12-23T23:00:00Z",
      BERLIN,
      "2027-01-02T23:00:00Z",
    ],
    [
      "is of one year only",
      { blackoutDates: [{ from: "2026-12-24", to: "2027-01-02" }] },
      "2027-12-24T12:00:00Z",
      "UTC",
      undefined,
    ],
    [
      "is followed by another",
      { blackoutDates: [CHRISTMAS, { from: "2027-01-03", to: "2027-01-06" }] },
      "2026-12-24T00:00:00Z",
      "UTC",
      "2027-01-07T00:00:00Z",
    ],
    [
      "waits for a window behind it",
      { blackoutDates: [CHRISTMAS], windows: [{ from: "22:00", to: "06:00", days: ["friday"] }] },
      "2026-12-25T22:30:00Z",
      "UTC",
      // The nights of 25 December and of 1 January lie in it, with the mornings after them.
      "2027-01-08T22:00:00Z",
    ],
    [
      "lets what is left of a window be used",
      { blackoutDates: [{ from: "2027-01-01" }], windows: [{ from: "22:00", to: "06:00", days: ["friday"] }] },
      "2027-01-01T22:30:00Z",
      "UTC",
      "2027-01-02T00:00:00Z",
    ],
    // Clocks go from 02:00 to 03:00 in Berlin on 28 March 2027, and back from 03:00 to 02:00 on 31 October.
    [
      "ends with a day of 23 hours",
      { blackoutDates: [{ from: "03-28" }] },
      "2027-03-28T00:30:00Z",
      BERLIN,
      "2027-03-28T22:00:00Z",
    ],
    [
      "ends with a day of 25 hours",
      { blackoutDates: [{ from: "10-31" }] },
      "2027-10-31T02:30:00Z",
      BERLIN,
      "2027-10-31T23:00:00Z",
    ],
    // Clocks go from 24:00 to 01:00 in Beirut at the end of 27 March 2027: the next day begins at 01:00.
    [
      "ends at a midnight that is not",
      { blackoutDates: [{ from: "03-27" }] },
      "2027-03-27T10:00:00Z",
      "Asia/Beirut",
      "2027-03-27T22:00:00Z",
    ],
    // Samoa had no 30 December 2011.
    [
      "ends before a day that is not",
      { blackoutDates: [{ from: "12-29" }] },
      "2011-12-29T20:00:00Z",
      "Pacific/Apia",
      "2011-12-30T10:00:00Z",
    ],
    [
      "of the 29th of February ends in a short year too",
      { blackoutDates: [{ from: "02-20", to: "02-29" }] },
      "2027-02-25T00:00:00Z",
      "UTC",
      "2027-03-01T00:00:00Z",
    ],
    [
      "of the 29th of February waits for it",
      { blackoutDates: [{ from: "02-29" }] },
      "2027-02-28T12:00:00Z",
      "UTC",
      undefined,
    ],
  ])("that %s says when updates begin again", (_, given, now, timezone, expected) => {
    const hours = hoursOf({ windows: [], blackoutWindows: [], blackoutDates: [], ...given });
    const closed = closedAt(hours, Date.parse(now), timezone);
    if (expected === undefined) return expect(closed).toBeUndefined();
    expect(closed?.untilMs === undefined ? undefined : new Date(closed.untilMs).toISOString()).toBe(
      new Date(expected).toISOString(),
    );
    if (closed?.untilMs !== undefined) {
      expect(closedAt(hours, closed.untilMs, timezone)).toBeUndefined();
      expect(closedAt(hours, closed.untilMs - 1, timezone)).toBeDefined();
    }
  });

  it.each<[Partial<UpdateHoursGiven>, string, string]>([
    [
      { blackoutDates: [CHRISTMAS] },
      "blackout",
      'the blackout "Christmas" (12-24 to 01-02 of every year) holds until the end of 2027-01-02 (UTC)',
    ],
    [
      { blackoutDates: [{ from: "2027-01-01" }] },
      "blackout",
      "the blackout blackoutDates[0] (2027-01-01) holds until the end of 2027-01-01 (UTC)",
    ],
    [
      {
        blackoutWindows: [
          { from: "01:00", to: "02:00" },
          { from: "20:00", to: "09:00", days: ["thursday"] },
        ],
      },
      "blackout",
      "blackoutWindows[1] (20:00 to 09:00) holds until 09:00 on friday (UTC)",
    ],
    [{ windows: [{ from: "22:00", to: "23:00" }] }, "outside-window", "no window of the policy is open"],
    [
      { windows: [{ from: "22:00", to: "23:00" }], blackoutWindows: [{ from: "20:00", to: "21:00" }] },
      "outside-window",
      "no window of the policy is open",
    ],
  ])("%j is told by its name and its end", (given, code, reason) => {
    const hours = hoursOf({ windows: [], blackoutWindows: [], blackoutDates: [], ...given });
    // A Friday.
    expect(closedAt(hours, Date.parse("2027-01-01T08:00:00Z"), "UTC")).toMatchObject({ code, reason });
  });

  it("behind others, over years, is waited for", () => {
    const blackoutDates = [
      { from: "2027-01-01", to: "2027-01-02" },
      { from: "01-03", to: "12-31" },
      { from: "2028-01-01", to: "2028-01-02" },
    ];
    const hours = hoursOf({ windows: [], blackoutWindows: [], blackoutDates });
    const closed = closedAt(hours, Date.parse("2027-01-01T08:00:00Z"), "UTC");
    expect(closed?.untilMs).toBe(Date.parse("2029-01-01T00:00:00Z"));
  });
});
