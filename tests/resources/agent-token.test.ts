import { describe, expect, it } from "vitest";
import { dateOrMoment } from "../../provider/appliance/moment-text.ts";
import { checkObject } from "../../provider/kit/define/check.ts";
import { agentToken } from "../../provider/resources/agent-token.ts";
import { findingsOfExpiry } from "../../provider/resources/agent-token-check.ts";

describe("how many machines a token may enrol", () => {
  it.each([
    [0, "expected 1 or more; leave it out for any number"],
    [-1, "expected 1 or more; leave it out for any number"],
    [1_000_000_001, "expected at most 1000000000; leave it out for any number"],
  ])("is not %d", (useLimit, reason) => {
    expect(checkObject(agentToken.descriptor.inputs, { useLimit }).failures).toEqual([
      { path: ["useLimit"], problem: "value", reason },
    ]);
  });

  it.each([1, 1_000_000_000])("may be %d", (useLimit) => {
    expect(checkObject(agentToken.descriptor.inputs, { useLimit }).failures).toEqual([]);
  });
});

describe("how long the value before stays valid", () => {
  const failuresOf = (overlap: string) =>
    checkObject(agentToken.descriptor.inputs, { rotation: { trigger: "one", overlap } }).failures;

  it.each(["9999999999999d", "366d", "365.1d", "8761h"])("is not %s", (overlap) => {
    expect(failuresOf(overlap)).toEqual([
      { path: ["rotation", "overlap"], problem: "value", reason: 'expected at most "365d", such as "24h"' },
    ]);
  });

  it.each(["0s", "24h", "365d"])("may be %s", (overlap) => {
    expect(failuresOf(overlap)).toEqual([]);
  });
});

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

describe("an end of a token that has come already", () => {
  const now = Date.parse("2027-06-30T12:00:00Z");

  it.each([
    ["a new token", "2027-06-30", undefined],
    ["another end", "2027-06-30T11:59:59Z", "2028-01-01"],
    ["an end where there was none", "2020-01-01", null],
  ])("is refused of %s", (_what, given, recorded) => {
    expect(findingsOfExpiry(given, recorded, now)).toMatchObject([
      { path: ["expiresAt"], reason: expect.stringContaining("`enabled: false`") },
    ]);
  });

  it.each([
    ["a token that it was true of when it was made", "2027-06-30", "2027-06-30"],
    ["one that ends later", "2027-07-01", undefined],
    ["one without an end", undefined, "2027-06-30"],
    ["what is no moment, of which is said so elsewhere", "tomorrow", undefined],
  ])("is nothing to say of %s", (_what, given, recorded) => {
    expect(findingsOfExpiry(given, recorded, now)).toEqual([]);
  });
});
