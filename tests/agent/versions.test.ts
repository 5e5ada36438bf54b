import { expect, test } from "vitest";
import { compareVersions, FLAVOURS, sameVersion, upgradePath } from "../../provider/agent/agent.ts";

test.each([
  ["1.4.2", "1.4.2", 0],
  ["1.4", "1.4.0", 0],
  ["v1.4.2", "1.4.2", 0],
  ["1.4.10", "1.4.9", 1],
  ["14.1.3", "14.1.19", -1],
  ["5.4", "14.0", -1],
  ["2.0.0-rc1", "2.0.0", -1],
  ["2.0.0~beta", "2.0.0-rc", -1],
  ["1.0.0+build7", "1.0.0", 0],
  ["99999999999999999999.1", "99999999999999999998.2", 1],
])("%s against %s is %i", (left, right, expected) => {
  expect(Math.sign(compareVersions(left, right))).toBe(expected);
  expect(Math.sign(compareVersions(right, left))).toBe(expected === 0 ? 0 : -expected);
  expect(sameVersion(left, right)).toBe(expected === 0);
});

const rules = FLAVOURS.quest.versionRules;

test.each([
  { from: "5.1.30", to: "5.4", available: ["5.4"], path: ["5.4"] },
  { from: "5.2", to: "5.4", available: ["5.3.1", "5.4"], path: ["5.3.1", "5.4"] },
  { from: "5.0", to: "14.1.19", available: ["5.1", "5.4", "11.1.2", "14.1.19"], path: ["5.1", "11.1.2", "14.1.19"] },
  { from: "11.0.1", to: "14.1.19", available: ["14.1.19"], path: ["14.1.19"] },
  { from: "14.1.3", to: "14.1.19", available: ["14.1.19"], path: ["14.1.19"] },
])("from $from to $to by way of what the vendor allows", ({ from, to, available, path }) => {
  expect(upgradePath(from, to, available, rules)).toEqual({ versions: path });
});

test("a step that the bundle lacks is named with its rule", () => {
  expect(upgradePath("10.2.108", "14.1.19", ["14.1.19"], rules)).toMatchObject({
    missing: "11.0 or newer",
    rule: { to: "14.1" },
  });
  expect(upgradePath("5.2", "5.4", ["5.4"], rules)).toMatchObject({ missing: "5.1 or 5.3" });
});
