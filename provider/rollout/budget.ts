import type { Percentage } from "../kit/define/scalars.ts";
import { resolveCount } from "../kit/define/scalars.ts";
import type { Summary } from "./summary.ts";

/**
 * How many machines may go wrong. Both are literal: 0 means none, so the first one stops the run. A percentage is of
 * the targets without the absent ones, rounded down.
 */
export interface Budgets {
  readonly maxFailures: number | Percentage;
  readonly maxUnreachable: number | Percentage;
}

/** A budget that is used up: what of, how many there were, and how many were allowed. */
export interface Overrun {
  readonly kind: "failures" | "unreachable";
  readonly count: number;
  readonly allowed: number;
}

/**
 * The first budget that these counts overrun, if any.
 * @example overrunOf({ failed: 1, unreachable: 0, total: 10, absent: 0 }, { maxFailures: 0, maxUnreachable: 0 }) // failures
 */
export function overrunOf(
  counts: Pick<Summary, "total" | "absent" | "failed" | "unreachable">,
  budgets: Budgets,
): Overrun | undefined {
  const base = Math.max(0, counts.total - counts.absent);
  const failures = resolveCount(budgets.maxFailures, base);
  if (counts.failed > failures) return { kind: "failures", count: counts.failed, allowed: failures };
  const unreachable = resolveCount(budgets.maxUnreachable, base);
  if (counts.unreachable > unreachable) {
    return { kind: "unreachable", count: counts.unreachable, allowed: unreachable };
  }
  return undefined;
}
