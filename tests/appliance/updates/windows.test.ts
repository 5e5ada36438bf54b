import { describe, expect, it } from "vitest";
import {
  isOpen,
  nextOpening,
  openMinutes,
  problemsOfTimes,
  type UpdateTimes,
  type UpdateWindow,
} from "../../../provider/appliance/updates/windows.ts";

const NIGHT: UpdateWindow = { from: "22:00", to: "06:00" };
const times = (more: Partial<UpdateTimes>): UpdateTimes => ({ windows: [], blackoutWindows: [], ...more });

describe("the windows of an update policy", () => {
  it.each<[string, Partial<UpdateTimes>]>([
    ["none", {}],
    ["one across midnight", { windows: [NIGHT] }],
    ["a whole day", { windows: [{ from: "00:00", to: "00:00", days: ["sunday"] }] }],
    ["two that touch", { windows: [NIGHT, { from: "06:00", to: "07:00" }] }],
    [
      "two on different days",
      {
        windows: [
          { ...NIGHT, days: ["monday"] },
          { ...NIGHT, days: ["tuesday"] },
        ],
      },
    ],
    ["a blackout in a window", { windows: [NIGHT], blackoutWindows: [{ from: "01:00", to: "02:00" }] }],
  ])("may be %s", (_, given) => {
    expect(problemsOfTimes(times(given))).toEqual([]);
  });

  it.each<[string, Partial<UpdateTimes>, (string | number)[], string]>([
    ["nothing", { windows: [{ from: "06:00", to: "06:00" }] }, ["windows", 0, "to"], "either nothing or a whole day"],
    ["of no day", { windows: [{ ...NIGHT, days: [] }] }, ["windows", 0, "days"], "at least one day"],
    [
      "over another",
      { windows: [NIGHT, { from: "05:59", to: "07:00" }] },
      ["windows", 1],
      "windows[0] at 05:59 on sunday",
    ],
    [
      "over one of the day before",
      {
        blackoutWindows: [
          { ...NIGHT, days: ["saturday"] },
          { from: "03:00", to: "04:00", days: ["sunday"] },
        ],
      },
      ["blackoutWindows", 1],
      "at 03:00 on sunday",
    ],
    [
      "shut for good",
      { windows: [NIGHT], blackoutWindows: [{ from: "20:00", to: "08:00" }] },
      ["blackoutWindows"],
      "no time in which an update may ever begin",
    ],
  ])("may not be %s", (_, given, path, sentence) => {
    const [problem] = problemsOfTimes(times(given));
    expect(problem?.path).toEqual(path);
    expect(problem?.message).toContain(sentence);
  });

  it.each<[string, Partial<UpdateTimes>, string, string, string | undefined]>([
    ["open always", {}, "2027-03-01T08:00:30Z", "UTC", "2027-03-01T08:00:30Z"],
    ["open at the first minute", { windows: [NIGHT] }, "2027-03-01T22:00:00Z", "UTC", "2027-03-01T22:00:00Z"],
    ["shut at the last", { windows: [NIGHT] }, "2027-03-02T06:00:00Z", "UTC", "2027-03-02T22:00:00Z"],
    ["of its own time zone", { windows: [NIGHT] }, "2027-03-01T12:34:56Z", "America/New_York", "2027-03-02T03:00:00Z"],
    [
      "of a day in six days",
      { windows: [{ from: "01:00", to: "02:00", days: ["sunday"] }] },
      "2027-03-01T08:00:00Z",
      "UTC",
      "2027-03-07T01:00:00Z",
    ],
    [
      "after a blackout",
      { windows: [NIGHT], blackoutWindows: [{ from: "21:00", to: "23:30" }] },
      "2027-03-01T21:30:00Z",
      "UTC",
      "2027-03-01T23:30:00Z",
    ],
    // Clocks go from 02:00 to 03:00 in Berlin on 28 March 2027.
    [
      "jumped over by the clocks",
      { windows: [{ from: "02:00", to: "03:00" }] },
      "2027-03-27T12:00:00Z",
      "Europe/Berlin",
      "2027-03-29T00:00:00Z",
    ],
    [
      "behind a jump of the clocks",
      { windows: [{ from: "05:00", to: "06:00" }] },
      "2027-03-27T12:00:00Z",
      "Europe/Berlin",
      "2027-03-28T03:00:00Z",
    ],
    // And back from 03:00 to 02:00 on 31 October.
    [
      "behind clocks that are set back",
      { windows: [{ from: "05:00", to: "06:00" }] },
      "2027-10-30T12:00:00Z",
      "Europe/Berlin",
      "2027-10-31T04:00:00Z",
    ],
  ])("that are %s open next when they say", (_, given, now, timezone, expected) => {
    const open = openMinutes(times(given));
    const nextMs = nextOpening(open, Date.parse(now), timezone);
    expect(nextMs === undefined ? undefined : new Date(nextMs).toISOString().replace(".000Z", "Z")).toBe(expected);
    expect(isOpen(open, Date.parse(now), timezone)).toBe(now === expected);
  });
});
