import { describe, expect, test } from "vitest";
import { type Outcome, runSteps, type Step } from "../../tools/test/step.ts";
import { countAll, summaryOf } from "../../tools/test/summary.ts";
import { outcomeOf } from "../../tools/test/vitest.ts";

const step = (name: string, run: () => Promise<Outcome>): Step => ({ name, explains: "does something", run });
const passes = step("passes", async () => ({ result: "passed" }));
const skips = step("skips", async () => ({ result: "skipped", reason: "no such machine" }));
const throws = step("throws", async () => {
  throw new Error("the compiler says no\nin two lines");
});
const tests = step("tests", async () => ({ result: "passed", counts: { passed: 7, failed: 0, skipped: 1 } }));

async function run(steps: readonly Step[], strict = false) {
  const lines: string[] = [];
  let clock = 0;
  const now = () => (clock += 500);
  return { done: await runSteps(steps, { strict, say: (line) => lines.push(line), now }), lines };
}

describe("the test command", () => {
  test("goes on after a step that failed, and shows all of what it said", async () => {
    const { done, lines } = await run([throws, passes]);
    expect(done.map((each) => each.result)).toEqual(["failed", "passed"]);
    expect(done[0]?.reason).toBe("the compiler says no");
    expect(lines).toContain("    in two lines");
  });

  test("counts every test, and every step that is not made of tests", async () => {
    const { done } = await run([passes, skips, throws, tests]);
    expect(countAll(done)).toEqual({ passed: 8, failed: 1, skipped: 2 });
  });

  test("takes a skip for a failure in CI, of a step and of a test", async () => {
    const { done } = await run([skips, tests], true);
    expect(done.map((each) => each.result)).toEqual(["failed", "failed"]);
    expect(done[0]?.reason).toBe("skipped, which CI does not allow: no such machine");
    expect(countAll(done)).toEqual({ passed: 7, failed: 2, skipped: 0 });
  });

  test("counts a failure that lies outside every test", async () => {
    const failed = step("tests", async () => ({ result: "failed", counts: { passed: 7, failed: 0, skipped: 0 } }));
    expect(countAll((await run([failed])).done)).toEqual({ passed: 7, failed: 1, skipped: 0 });
  });

  test("ends with the counts, alone on the last line", async () => {
    const summary = summaryOf((await run([passes, throws])).done);
    expect(summary.split("\n").at(-1)).toBe("1 passed, 1 failed, 0 skipped");
    expect(summary).toContain("  failed   throws  500 ms  the compiler says no\n");
  });
});

describe("the outcome of Vitest", () => {
  const file = (status: string, assertions: number) => ({
    name: "a.test.ts",
    status,
    assertionResults: new Array(assertions).fill({}),
  });
  const reportOf = (
    counts: { passed: number; failed: number; skipped: number },
    files: readonly object[],
    success: boolean,
  ) =>
    JSON.stringify({
      success,
      numPassedTests: counts.passed,
      numFailedTests: counts.failed,
      numPendingTests: counts.skipped,
      numTodoTests: 0,
      testResults: files,
    });

  test("is passed when all tests passed and the process ended well", () => {
    const text = reportOf({ passed: 3, failed: 0, skipped: 0 }, [file("passed", 3)], true);
    expect(outcomeOf(text, undefined)).toEqual({ result: "passed", counts: { passed: 3, failed: 0, skipped: 0 } });
  });

  test("is failed when a file cannot be loaded, which counts as one failure", () => {
    const text = reportOf({ passed: 3, failed: 0, skipped: 0 }, [file("passed", 3), file("failed", 0)], false);
    expect(outcomeOf(text, "exit code 1")).toMatchObject({ result: "failed", counts: { passed: 3, failed: 1 } });
  });

  test("is failed when the process ended badly although every test passed", () => {
    const text = reportOf({ passed: 3, failed: 0, skipped: 0 }, [file("passed", 3)], true);
    expect(outcomeOf(text, "Vitest ended with exit code 1").result).toBe("failed");
  });

  test("is failed when there was no test at all", () => {
    expect(outcomeOf(reportOf({ passed: 0, failed: 0, skipped: 0 }, [], true), undefined).result).toBe("failed");
  });
});
