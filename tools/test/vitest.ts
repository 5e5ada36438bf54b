import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import * as z from "zod";
import type { Counts, Outcome } from "./step.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..");

/** What is read of the report that Vitest's `json` reporter writes. */
const report = z.object({
  success: z.boolean(),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(z.object({ name: z.string(), status: z.string(), assertionResults: z.array(z.unknown()) })),
});

/** Runs Vitest with these arguments, its own output on the terminal, and reads the outcome from its report. */
export async function runVitest(args: readonly string[]): Promise<Outcome> {
  const scratch = await mkdtemp(join(tmpdir(), "kace-vitest-"));
  try {
    const file = join(scratch, "report.json");
    const program = join(REPOSITORY, "node_modules", "vitest", "vitest.mjs");
    const child = spawn(process.execPath, [program, "run", `--outputFile.json=${file}`, ...args], {
      cwd: REPOSITORY,
      stdio: ["ignore", "inherit", "inherit"],
    });
    const [exitCode, signal] = await once(child, "close");
    const ending = exitCode === null ? `Vitest was ended by ${signal}` : `Vitest ended with exit code ${exitCode}`;
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text === undefined) return { result: "failed", reason: `${ending} and wrote no report` };
    return outcomeOf(text, exitCode === 0 ? undefined : ending);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The outcome that a report and the ending of the process (undefined: exit code 0) amount to. */
export function outcomeOf(reportText: string, badEnding: string | undefined): Outcome {
  const found = report.parse(JSON.parse(reportText));
  const counts: Counts = {
    passed: found.numPassedTests,
    failed: found.numFailedTests,
    skipped: found.numPendingTests + found.numTodoTests,
  };
  const broken = found.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
  if (broken.length > 0) {
    const names = broken.map((file) => relative(REPOSITORY, file.name)).join(", ");
    // How many tests such a file holds is not known; it counts as one that failed.
    return {
      result: "failed",
      reason: `cannot be loaded: ${names}`,
      counts: { ...counts, failed: counts.failed + broken.length },
    };
  }
  if (counts.failed > 0) return { result: "failed", counts };
  if (!found.success || badEnding !== undefined) {
    return { result: "failed", reason: `${badEnding ?? "errors"} outside any test`, counts };
  }
  if (counts.passed + counts.skipped === 0) return { result: "failed", reason: "no test was found", counts };
  return { result: "passed", counts };
}
