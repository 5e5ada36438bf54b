import type { Budgets } from "./budget.ts";
import { overrunOf } from "./budget.ts";
import type { RolloutResult } from "./rollout.ts";
import { describeStop } from "./stop.ts";

/** Whether a rollout counts as a success, and why not. */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly why: string };

/**
 * A rollout is a success if it went to its end and kept to its budgets. Absent addresses never count, and machines that
 * went wrong within the budgets are tolerated now and worked on by the next run.
 */
export function verdictOn({ summary, stopped }: RolloutResult, budgets: Budgets): Verdict {
  const broken = stopped ?? overrunOf(summary, budgets);
  if (broken !== undefined) return { ok: false, why: describeStop(broken) };
  return { ok: true };
}
