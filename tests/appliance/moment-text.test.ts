import { describe, expect, it } from "vitest";
import { momentFrom } from "../../provider/appliance/moment-text.ts";

const NOW = Date.parse("2027-03-01T08:00:00Z");

describe("a moment as people write it", () => {
  it.each([
    ["2027-06-30", "2027-06-30T00:00:00.000Z"],
    ["2027-06-30T18:00:00+02:00", "2027-06-30T16:00:00.000Z"],
    ["2h", "2027-03-01T06:00:00.000Z"],
    ["1.5d", "2027-02-27T20:00:00.000Z"],
    ["0s", "2027-03-01T08:00:00.000Z"],
  ])("%s", (text, moment) => {
    expect(momentFrom(text, NOW)).toBe(moment);
  });

  it.each(["", "yesterday", "2027-02-29", "-2h", "2 h", "2w", "99999999999999d", "1893456000"])(
    "%j is none",
    (text) => {
      expect(momentFrom(text, NOW)).toBeUndefined();
    },
  );
});
