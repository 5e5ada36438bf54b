import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Duration, Percentage } from "../../../provider/kit/define/scalars.ts";
import {
  archive,
  asset,
  duration,
  durationMs,
  numberOrPercent,
  resolveCount,
  resourceReference,
} from "../../../provider/kit/define/scalars.ts";
import { Archive, Asset, ResourceReference } from "../../../provider/kit/define/value.ts";

describe("a duration", () => {
  test.each<[Duration, number]>([
    ["500ms", 500],
    ["2s", 2_000],
    ["1.5s", 1_500],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["2d", 172_800_000],
    ["0s", 0],
  ])("%s is %d ms", (text, ms) => {
    expect(duration().safeParse(text).success).toBe(true);
    expect(durationMs(text)).toBe(ms);
  });
  test.each(["-5m", "5", "5 m", "m", "", "1e3s", "5M", ".5s", "5.s", "5m\n", 5, null])("is not %j", (value) => {
    expect(duration().safeParse(value).error?.issues[0]?.message).toBe(
      'expected a duration: a number and a unit, such as "500ms", "2s", "5m" or "1h"',
    );
  });
  test("that is none is refused with its text", () => {
    expect(() => durationMs("-5m")).toThrow(new RangeError('"-5m" is not a duration'));
  });
});

describe("a number or percentage", () => {
  test.each([0, 5, 1_000_000, "0%", "10%", "100%", "100.0%", "99.99%", "0.5%"])("is %j", (value) => {
    expect(numberOrPercent().safeParse(value).success).toBe(true);
  });
  test.each([-1, 1.5, "101%", "100.1%", "-1%", "%", "10", "1e1%", "10 %", Number.NaN])("is not %j", (value) => {
    expect(numberOrPercent().safeParse(value).success).toBe(false);
  });
  test("has the least number that it was told", () => {
    expect(numberOrPercent(1).safeParse(0).success).toBe(false);
    expect(numberOrPercent(-1).safeParse(-1).success).toBe(true);
  });
  test.each<[number | Percentage, number, number]>([
    [5, 3, 5],
    ["10%", 45, 4],
    ["100%", 45, 45],
    ["0%", 45, 0],
    ["33.3%", 1_000, 333],
    ["0.57%", 10_000, 57],
    ["29%", 100, 29],
  ])("%s of %d is %d", (value, total, count) => {
    expect(resolveCount(value, total)).toBe(count);
  });
  test("is rounded down exactly, whatever binary fractions would make of it", () => {
    fc.assert(
      fc.property(fc.nat(9_999), fc.nat(1_000_000), (hundredths, total) => {
        const text: Percentage = `${Number((hundredths / 100).toFixed(2))}%`;
        expect(resolveCount(text, total)).toBe(Number((BigInt(hundredths) * BigInt(total)) / 10_000n));
      }),
    );
  });
});

describe("files and references", () => {
  const samples = [
    new Asset({ kind: "elided" }),
    new Archive({ kind: "elided" }),
    new ResourceReference({ urn: "urn:a" }),
    "text",
  ];
  test.each([
    ["an asset", asset(), 0],
    ["an archive", archive(), 1],
    ["a reference", resourceReference("Thing"), 2],
  ])("%s accepts its own kind only", (_, schema, own) => {
    expect(samples.map((sample) => schema.safeParse(sample).success)).toEqual(
      samples.map((_sample, index) => index === own),
    );
  });
});
