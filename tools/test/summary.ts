import { durationText } from "../process/say.ts";
import type { Counts, Done } from "./step.ts";

/**
 * Adds up what was run: every test of the steps that ran tests, and every other step. A step that failed although none
 * of its tests did (a file that does not load, an error outside any test) counts as one failure of its own.
 */
export function countAll(done: readonly Done[]): Counts {
  return done.map(countsOf).reduce(
    (sum, counts) => ({
      passed: sum.passed + counts.passed,
      failed: sum.failed + counts.failed,
      skipped: sum.skipped + counts.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
}

function countsOf(step: Done): Counts {
  const { counts, result } = step;
  if (counts === undefined) {
    return {
      passed: result === "passed" ? 1 : 0,
      failed: result === "failed" ? 1 : 0,
      skipped: result === "skipped" ? 1 : 0,
    };
  }
  return result === "failed" && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** The table of the steps and, as its last line, `N passed, N failed, N skipped`. */
export function summaryOf(done: readonly Done[]): string {
  const width = Math.max(...done.map((step) => step.name.length));
  const times = done.map((step) => durationText(step.durationMs));
  const timeWidth = Math.max(...times.map((time) => time.length));
  const rows = done.map((step, index) => {
    const row = [
      step.result.padEnd(7),
      step.name.padEnd(width),
      (times[index] ?? "").padStart(timeWidth),
      detail(step),
    ];
    return `  ${row.join("  ")}`.trimEnd();
  });
  const total = done.reduce((sum, step) => sum + step.durationMs, 0);
  const counts = countAll(done);
  return [
    "",
    "Summary",
    ...rows,
    `  in ${durationText(total)}`,
    "",
    `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`,
  ].join("\n");
}

function detail(step: Done): string {
  const { counts, reason } = step;
  const tests =
    counts === undefined ? "" : `${counts.passed} tests passed, ${counts.failed} failed, ${counts.skipped} skipped`;
  return [tests, reason ?? ""].filter((text) => text !== "").join("; ");
}
