import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adviseRunInterval } from "../../provider/functions/recommend-run-interval.ts";
import { durationMs } from "../../provider/kit/define/scalars.ts";

const alone = { maxCheckInsPerHour: 500, otherOrganizations: [] };

describe("the recommended run interval", () => {
  it.each([
    [0, "1h", 0],
    [1, "1h", 1],
    [500, "1h", 500],
    [501, "2h", 250.5],
    [1_000, "2h", 500],
    [1_200, "3h", 400],
    [10_000, "20h", 500],
  ])("for %i machines is %s", (devices, runInterval, checkInsPerHour) => {
    expect(adviseRunInterval({ ...alone, devices })).toEqual({
      runInterval,
      checkInsPerHour,
      totalCheckInsPerHour: checkInsPerHour,
    });
  });

  it("leaves room for what other organizations use of the same limit", () => {
    const otherOrganizations = [{ devices: 600, runInterval: "2h" as const }];
    expect(adviseRunInterval({ ...alone, devices: 400, otherOrganizations })).toEqual({
      runInterval: "2h",
      checkInsPerHour: 200,
      totalCheckInsPerHour: 500,
    });
  });

  it("cannot be given when the others use the limit up", () => {
    const otherOrganizations = [{ devices: 500, runInterval: "1h" as const }];
    expect(() => adviseRunInterval({ ...alone, devices: 1, otherOrganizations })).toThrow(
      "500 check-ins an hour already, and the limit is 500",
    );
  });

  it("keeps to the limit and is the shortest that does", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 1, max: 10_000 }),
        (devices, maxCheckInsPerHour) => {
          const { runInterval } = adviseRunInterval({ devices, maxCheckInsPerHour, otherOrganizations: [] });
          const hours = durationMs(runInterval) / 3_600_000;
          expect(devices / hours).toBeLessThanOrEqual(maxCheckInsPerHour);
          if (hours > 1) expect(devices / (hours - 1)).toBeGreaterThan(maxCheckInsPerHour);
        },
      ),
    );
  });
});
