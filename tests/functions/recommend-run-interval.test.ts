import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Appliance } from "../../provider/appliance/appliance.ts";
import { ApplianceError } from "../../provider/appliance/errors.ts";
import { adviseRunInterval, questionOf } from "../../provider/functions/recommend-run-interval.ts";
import { durationMs } from "../../provider/kit/define/scalars.ts";
import { device } from "../appliance/devices.ts";
import { newFolder, openedIn } from "../appliance/local/folders.ts";

const alone = { maxCheckInsPerHour: 500, otherOrganizations: [] };

describe("whoever asks for an interval", () => {
  /** An appliance that is asked for its load and nothing else. */
  const client = {
    read: async <T>(work: (appliance: Appliance) => Promise<T>) => {
      const folder = newFolder();
      const appliance = await openedIn(folder);
      await appliance.updateSettings({ maxCheckInsPerHour: 3 });
      const { value } = await appliance.createToken({ name: "t" });
      for (const number of [1, 2, 3, 4]) await appliance.enrolDevice(device(number, { token: value }));
      await appliance.createOrganization({ name: "berlin" });
      await appliance.updateSettings({ organization: "berlin", runIntervalSeconds: 7_200 });
      const berlin = await appliance.createToken({ name: "t", organization: "berlin" });
      for (const number of [5, 6]) await appliance.enrolDevice(device(number, { token: berlin.value }));
      return work(appliance);
    },
  };
  const nobody = {
    read: async () => Promise.reject(new ApplianceError({ code: "unavailable", message: "it is away" })),
  };

  it("and does not say for how many machines asks for those of the appliance, within its limit", async () => {
    const question = await questionOf({}, client);
    expect(question).toEqual({
      devices: 4,
      maxCheckInsPerHour: 3,
      otherOrganizations: [{ devices: 2, runInterval: "7200s" }],
    });
    expect(adviseRunInterval(question).runInterval).toBe("2h");
    expect(await questionOf({ maxCheckInsPerHour: 100, otherOrganizations: [] }, client)).toMatchObject({
      devices: 4,
      maxCheckInsPerHour: 100,
      otherOrganizations: [],
    });
  });

  it("and says for how many needs no appliance", async () => {
    expect(await questionOf({ devices: 1_200 }, nobody)).toEqual({ devices: 1_200, ...alone });
    await expect(questionOf({}, nobody)).rejects.toThrow("it is away");
  });
});

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
