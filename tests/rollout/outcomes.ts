import type { OutcomeCode } from "../../provider/rollout/codes.ts";
import { type Ending, type Outcome, outcomeOf } from "../../provider/rollout/outcome.ts";

/** An outcome as a run makes it. */
export function outcome(machine: string, code: OutcomeCode, ending: Partial<Ending> = {}): Outcome {
  return outcomeOf(machine, { key: machine }, { action: "none", ...ending, code }, 1_234, undefined);
}

/** Outcomes by machine. */
export function byMachine(...outcomes: Outcome[]): Map<string, Outcome> {
  return new Map(outcomes.map((one) => [one.machine, one]));
}
