import { describe, expect, it } from "vitest";
import { dateOrMoment } from "../../provider/appliance/moment-text.ts";

describe("the moment at which a token ends", () => {
  it.each([
    ["2027-06-30", "2027-06-30T00:00:00.000Z"],
    ["2027-06-30T18:00:00+02:00", "2027-06-30T16:00:00.000Z"],
    ["2027-06-30T18:00:00Z", "2027-06-30T18:00:00.000Z"],
    ["2028-02-29", "2028-02-29T00:00:00.000Z"],
  ])("%s is %s", (text, moment) => {
    expect(dateOrMoment(text)).toBe(moment);
  });

  it.each([
    "",
    "tomorrow",
    "2027-02-29",
    "2027-13-01",
    "30.06.2027",
    "2027-06-30 18:00",
    "2027-06-30T18:00:00",
    "1893456000",
  ])("%j is none", (text) => {
    expect(dateOrMoment(text)).toBeUndefined();
  });
});
