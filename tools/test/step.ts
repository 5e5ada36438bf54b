import { durationText, type Say } from "../process/say.ts";

/** How a step ended. `counts` is given by a step that ran tests: then its tests are counted, not the step. */
export type Outcome = {
  readonly result: "passed" | "failed" | "skipped";
  /** One line: what failed, or why it was skipped. */
  readonly reason?: string;
  readonly counts?: Counts;
};

export type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** One check of the test command. */
export type Step = {
  readonly name: string;
  /** Said when the step starts: what it does, and how long it may take where that is long. */
  readonly explains: string;
  /** Does the work. A thrown error is a failure whose first line is the reason. */
  readonly run: (say: Say) => Promise<Outcome>;
};

/** A step that was run. */
export type Done = Outcome & { readonly name: string; readonly durationMs: number };

export const passed: Outcome = { result: "passed" };

/**
 * Runs every step, one after the other, whatever came of those before. In CI a skip is a failure: a machine that cannot
 * run a check has not checked.
 */
export async function runSteps(
  steps: readonly Step[],
  options: { readonly strict: boolean; readonly say: Say; readonly now: () => number },
): Promise<Done[]> {
  const done: Done[] = [];
  for (const [index, step] of steps.entries()) {
    options.say(`\n==> [${index + 1}/${steps.length}] ${step.name}: ${step.explains}`);
    const started = options.now();
    const outcome = await attempt(step, options.say);
    const durationMs = options.now() - started;
    const judged = options.strict ? withoutSkips(outcome) : outcome;
    options.say(`    ${step.name} ${judged.result} after ${durationText(durationMs)}${reasonText(judged)}`);
    done.push({ ...judged, name: step.name, durationMs });
  }
  return done;
}

async function attempt(step: Step, say: Say): Promise<Outcome> {
  try {
    return await step.run((line) => say(`    ${line}`));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    for (const line of message.split("\n")) say(`    ${line}`);
    return { result: "failed", reason: message.split("\n")[0] ?? "" };
  }
}

function withoutSkips(outcome: Outcome): Outcome {
  if (outcome.result === "skipped") {
    return { ...outcome, result: "failed", reason: `skipped, which CI does not allow: ${outcome.reason ?? ""}` };
  }
  const { counts } = outcome;
  if (counts === undefined || counts.skipped === 0) return outcome;
  return {
    ...outcome,
    result: "failed",
    reason: outcome.reason ?? `${counts.skipped} tests were skipped, which CI does not allow`,
    counts: { passed: counts.passed, failed: counts.failed + counts.skipped, skipped: 0 },
  };
}

function reasonText(outcome: Outcome): string {
  return outcome.reason === undefined ? "" : `: ${outcome.reason}`;
}
