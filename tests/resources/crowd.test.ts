import { expect, test } from "vitest";
import { everybody, notRightOnes, targetsOf } from "../../provider/resources/provisioning/crowd.ts";
import type { Recording } from "../../provider/rollout/results.ts";
import { noCounts, summaryOf } from "../../provider/rollout/summary.ts";

const targets = targetsOf({ targets: { hostnames: ["web[01-03]"] } });
const right = { action: "install", class: "succeeded", code: "installed" } as const;
const failed = { action: "install", class: "failed", code: "install-failed" } as const;
const notAttempted = { action: "none", class: "notAttempted", code: "not-attempted" } as const;

function recording(results: Recording["results"]): Recording {
  const counts = noCounts();
  for (const { class: outcomeClass } of Object.values(results)) counts[outcomeClass]++;
  return { summary: summaryOf(counts), results };
}

const keysOf = (crowd: ReturnType<typeof notRightOnes>) => crowd && [...crowd.walk()].map(({ key }) => key);

test("a crowd can be walked again and again", () => {
  const all = everybody(targets);
  expect(all.total).toBe(3);
  expect([...all.walk()]).toEqual([...all.walk()]);
});

test("a program that did not change works on what is not right, machines that were never begun included", () => {
  const recorded = recording({ web01: right, web02: failed, web03: notAttempted });
  expect(keysOf(notRightOnes(recorded, targets))).toEqual(["web02", "web03"]);
});

test("a machine that is no target any more is not worked on as one", () => {
  expect(keysOf(notRightOnes(recording({ web01: failed, old01: failed }), targets))).toEqual(["web01"]);
});

test("everybody is looked at where nothing recorded is wrong", () => {
  expect(notRightOnes(recording({ web01: right }), targets)).toBeUndefined();
});

test("everybody is looked at where the record does not name all that is wrong", () => {
  const recorded = { summary: summaryOf({ ...noCounts(), succeeded: 1, failed: 2 }), results: { web02: failed } };
  expect(notRightOnes(recorded, targets)).toBeUndefined();
});
