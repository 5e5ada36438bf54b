import { describe, expect, it } from "vitest";
import { verdictOf } from "./bench.ts";
import { ratiosOf, spreadOf } from "./statistics.ts";
import { formatTable } from "./table.ts";

describe("measurements are put together", () => {
  it("by their median, which one bad run does not move", () => {
    expect(spreadOf([5, 1, 900])).toEqual({ median: 5, min: 1, max: 900 });
    expect(spreadOf([4, 2])).toEqual({ median: 3, min: 2, max: 4 });
    expect(() => spreadOf([])).toThrow("nothing was measured");
  });

  it("run by run where two sides are compared, so that a slow moment of the machine counts for both", () => {
    expect(ratiosOf([2, 200], [1, 100])).toEqual([2, 2]);
    expect(() => ratiosOf([1, 2], [1])).toThrow("equally often");
  });

  it("and held against their target", () => {
    const measured = { what: "x", unit: "s", ours: [3, 3, 9], yardstick: [2, 2, 2] };
    expect(verdictOf(measured).isMet).toBeUndefined();
    expect(verdictOf({ ...measured, target: { of: "ratio", bound: "at most", value: 1.5 } }).isMet).toBe(true);
    expect(verdictOf({ ...measured, target: { of: "ratio", bound: "at most", value: 1.4 } }).isMet).toBe(false);
    expect(verdictOf({ ...measured, target: { of: "ratio", bound: "at least", value: 1.6 } }).isMet).toBe(false);
    expect(verdictOf({ ...measured, target: { of: "figure", bound: "at most", value: 3 } }).isMet).toBe(true);
  });

  it("and printed with what was wanted and whether it was met", () => {
    const table = formatTable([
      {
        bench: "kit.start",
        measurement: {
          what: "start to port",
          unit: "ms",
          ours: [163.2, 150, 190],
          yardstick: [80, 81.25, 79],
          target: { of: "ratio", bound: "at most", value: 2 },
        },
      },
      { bench: "kit.start", measurement: { what: "memory", unit: "MB", ours: [70] } },
    ]);
    expect(table.split("\n")).toEqual([
      "bench      what           ours                  yardstick             ratio                target     met",
      "---------  -------------  --------------------  --------------------  -------------------  ---------  ---",
      "kit.start  start to port  163 ms (150..190)     80.0 ms (79.0..81.3)  2.04 x (1.85..2.41)  <= 2.00 x  NO",
      "kit.start  memory         70.0 MB (70.0..70.0)  -                     -                    -          -",
    ]);
  });
});
