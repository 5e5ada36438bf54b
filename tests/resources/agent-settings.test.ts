import { describe, expect, it } from "vitest";
import { intervalOf } from "../../provider/resources/agent-settings.ts";
import {
  type CheckedSettings,
  findingsIn,
  findingsOfLoad,
  findingsOfOrganization,
} from "../../provider/resources/agent-settings-check.ts";

describe("an interval that the appliance has", () => {
  it.each([
    [3_600, undefined, "1h"],
    [5_400, undefined, "90m"],
    [90, undefined, "90s"],
    [0, undefined, "0s"],
    [3_600, "60m", "60m"],
    [3_600, "3600s", "3600s"],
    [3_600, "2h", "1h"],
    [0, "0h", "0h"],
    [undefined, "2h", null],
  ] as const)("of %s s, written as %s, reads as %s", (seconds, written, expected) => {
    expect(intervalOf(seconds, written)).toBe(expected);
  });
});

describe("the check of agent settings", () => {
  it.each<[string, CheckedSettings]>([
    ["nothing at all", {}],
    ["a window across midnight", { communicationsWindow: { from: "22:00", to: "06:00" } }],
    ["the vendor's way to say always", { communicationsWindow: { from: "00:00", to: "00:00" } }],
    ["an inventory at every other check-in", { runInterval: "2h", inventoryInterval: "4h" }],
    ["an inventory at every check-in", { runInterval: "2h", inventoryInterval: "0s" }],
  ])("takes %s", (_, inputs) => {
    expect(findingsIn(inputs)).toEqual([]);
  });

  it("refuses a window that is nothing or a whole day, with the repair", () => {
    const [finding] = findingsIn({ communicationsWindow: { from: "06:00", to: "06:00" } });
    expect(finding?.path).toEqual(["communicationsWindow", "to"]);
    expect(finding?.severity).toBeUndefined();
    expect(finding?.reason).toContain('write "00:00" to "00:00"');
  });

  it.each<CheckedSettings>([{ runInterval: "2h", inventoryInterval: "90m" }, { inventoryInterval: "30m" }])(
    "warns of an inventory that is wanted more often than agents check in: %j",
    (inputs) => {
      expect(findingsIn(inputs)).toMatchObject([{ path: ["inventoryInterval"], severity: "warning" }]);
    },
  );

  it("leaves what is the appliance's to the organization default", () => {
    const inputs = { taskThroughput: 80, maxCheckInsPerHour: 1_000, runInterval: "2h" } as const;
    expect(findingsOfOrganization("default", inputs)).toEqual([]);
    expect(findingsOfOrganization("berlin", inputs)).toMatchObject([
      { path: ["taskThroughput"], reason: expect.stringContaining('in the settings of "default"') },
      { path: ["maxCheckInsPerHour"] },
    ]);
    expect(findingsOfOrganization("berlin", { runInterval: "2h" })).toEqual([]);
  });
});

describe("the load of check-ins", () => {
  const load = { maxCheckInsPerHour: 500, runIntervalSeconds: 3_600, others: [] };

  it.each<[number, CheckedSettings]>([
    [500, {}],
    [1_000, { runInterval: "2h" }],
    [1_000, { runInterval: "1h", maxCheckInsPerHour: 1_000 }],
    [0, { runInterval: "1m" }],
  ])("of %i machines is within the limit with %j", (devices, inputs) => {
    expect(findingsOfLoad("default", { ...load, devices }, inputs)).toEqual([]);
  });

  it.each<[number, CheckedSettings, string]>([
    [
      501,
      {},
      '501 machines that check in every 1h bring all agents to 501 check-ins an hour, and the limit is 500; "2h"',
    ],
    [1_000, { runInterval: "30m" }, '"2h" keeps to it'],
    [1_200, { runInterval: "2h" }, '"3h" keeps to it'],
    [10, { maxCheckInsPerHour: 3 }, '"4h" keeps to it'],
  ])("of %i machines is beyond the limit with %j", (devices, inputs, sentence) => {
    const [finding] = findingsOfLoad("default", { ...load, devices }, inputs);
    expect(finding).toMatchObject({ path: ["runInterval"], severity: "warning" });
    expect(finding?.reason).toContain(sentence);
  });

  it("is held to the limit that will hold: who may set it and does not gives it its default back", () => {
    const tight = { ...load, devices: 10, maxCheckInsPerHour: 3 };
    expect(findingsOfLoad("default", tight, {})).toEqual([]);
    expect(findingsOfLoad("berlin", tight, {})).toMatchObject([
      { reason: expect.stringContaining('"4h" keeps to it') },
    ]);
  });

  it("counts the other organizations, which may have used the limit up", () => {
    const others = [{ devices: 600, runIntervalSeconds: 7_200 }];
    expect(findingsOfLoad("default", { ...load, devices: 400, others }, { runInterval: "1h" })[0]?.reason).toContain(
      '"2h" keeps',
    );
    const all = [{ devices: 500, runIntervalSeconds: 3_600 }];
    expect(findingsOfLoad("default", { ...load, devices: 1, others: all }, {})[0]?.reason).toContain(
      "the other organizations make 500 of them: give those longer run intervals first",
    );
  });
});
