import { describe, expect, it } from "vitest";
import { parseSchedule } from "../../../provider/appliance/schedules/parse.ts";
import { describeSchedule, type ScheduleWords } from "../../../provider/appliance/schedules/schedule.ts";

/** A schedule as lists show it, or the first thing that is wrong with it. */
function said(words: ScheduleWords): string {
  const parsed = parseSchedule(words);
  if (parsed.ok) return describeSchedule(parsed.schedule);
  const [first] = parsed.problems;
  return `${first?.path.join(".")}: ${first?.message}`;
}

describe("a schedule in the words of a program", () => {
  it.each<[ScheduleWords, string]>([
    [{ every: "15 minutes" }, "every 15 minutes"],
    [{ every: "1 minute" }, "every minute"],
    [{ every: "minute" }, "every minute"],
    [{ every: "2 Hours" }, "every 2 hours"],
    [{ every: "120 minutes" }, "every 2 hours"],
    [{ every: "90m" }, "every 90 minutes"],
    [{ every: "1h" }, "every hour"],
    [{ every: "720 hours" }, "every 720 hours"],
    [{ every: "day", at: "02:30" }, "every day at 02:30"],
    [{ every: "day", at: "2:30 AM", timezone: "Europe/Berlin" }, "every day at 02:30 (Europe/Berlin)"],
    [{ every: "day", at: "12:05 am" }, "every day at 00:05"],
    [{ every: "day", at: "12:05PM" }, "every day at 12:05"],
    [{ every: "day", at: "11:45 PM" }, "every day at 23:45"],
    [{ every: "Monday", at: "0:00" }, "every monday at 00:00"],
    [{ every: "month", day: 31, at: "23:59" }, "on day 31 of every month at 23:59"],
    [{ every: "march", day: 15, at: "6:00", timezone: "UTC" }, "on day 15 of every march at 06:00 (UTC)"],
    [{ every: "february", day: 29, at: "6:00" }, "on day 29 of every february at 06:00"],
  ])("%j is %s", (words, expected) => {
    expect(said(words)).toBe(expected);
  });

  it.each<[ScheduleWords, string]>([
    [{ every: "0 minutes" }, "every: an interval of nothing never ends; the least is 1 minute"],
    [{ every: "8760 hours" }, "every: the longest interval is 30 days"],
    [{ every: "1.5 hours" }, "every: expected an interval"],
    [{ every: "-5 minutes" }, "every: expected an interval"],
    [{ every: "" }, "every: expected an interval"],
    [{ every: "mondya", at: "1:00" }, 'did you mean "monday"?'],
    [{ every: "15 minuts" }, 'did you mean "15 minutes"?'],
    [{ every: "15 minutes", at: "02:30" }, "at: means nothing to an interval"],
    [{ every: "2 hours", timezone: "UTC" }, "timezone: means nothing to an interval"],
    [{ every: "day" }, 'at: expected the time of day, such as "02:30"'],
    [{ every: "day", at: "24:00" }, "at: expected a time of day"],
    [{ every: "day", at: "13:00 PM" }, "at: expected a time of day"],
    [{ every: "day", at: "0:30 AM" }, "at: expected a time of day"],
    [{ every: "day", at: "2:5" }, "at: expected a time of day"],
    [{ every: "day", at: "1:00", day: 3 }, 'day: is for `every: "month"`'],
    [{ every: "month", at: "1:00" }, "day: expected the day of the month, from 1 to 31"],
    [{ every: "month", day: 0, at: "1:00" }, "day: expected a day of the month, from 1 to 31"],
    [{ every: "month", day: 32, at: "1:00" }, "day: expected a day of the month, from 1 to 31"],
    [{ every: "february", day: 31, at: "1:00" }, "day: there is never a 31 February, so it would never run"],
    [{ every: "february", day: 30, at: "1:00" }, "expected a day from 1 to 29"],
    [{ every: "april", day: 31, at: "1:00" }, "day: there is never a 31 April"],
    [{ every: "day", at: "1:00", timezone: "Europe/Berlni" }, 'did you mean "Europe/Berlin"?'],
    [{ every: "day", at: "1:00", timezone: "+02:00" }, "timezone: there is no time zone"],
    [{ every: "day", at: "1:00", timezone: "" }, "timezone: there is no time zone"],
  ])("%j is refused, with the place and the repair", (words, expected) => {
    expect(parseSchedule(words).ok).toBe(false);
    expect(said(words)).toContain(expected);
  });

  it("is told everything that is wrong at once", () => {
    const parsed = parseSchedule({ every: "april", day: 31, at: "25:00", timezone: "Nowhere" });
    expect(parsed.ok ? [] : parsed.problems.map(({ path }) => path[0])).toEqual(["at", "timezone", "day"]);
  });
});
