import { OUTCOME_CLASSES, type OutcomeClass } from "../appliance/operations/outcome-classes.ts";

/** How many targets ended in each class. */
export type ClassCounts = Readonly<Record<OutcomeClass, number>>;

/** How a rollout stands, in numbers: the classes add up to `total`. */
export interface Summary extends ClassCounts {
  /** Machines and absent addresses; a machine that two targets stand for is one. */
  readonly total: number;
  /** The right ones (succeeded, unchanged, removed) in a hundred of those that are not absent; 100 only if it is all. */
  readonly percentSucceeded: number;
}

/** Counts of nothing. */
export function noCounts(): Record<OutcomeClass, number> {
  return { succeeded: 0, unchanged: 0, removed: 0, absent: 0, unreachable: 0, failed: 0, notAttempted: 0 };
}

/**
 * The summary of these counts. The share is rounded down to a tenth, so that 100 means every machine; it is 100 of none.
 * @example summaryOf({ ...noCounts(), succeeded: 2, failed: 1 }).percentSucceeded // 66.6
 */
export function summaryOf(counts: ClassCounts): Summary {
  const total = OUTCOME_CLASSES.reduce((sum, outcomeClass) => sum + counts[outcomeClass], 0);
  const there = total - counts.absent;
  const right = counts.succeeded + counts.unchanged + counts.removed;
  const percentSucceeded = there === 0 ? 100 : Math.floor((right * 1_000) / there) / 10;
  return {
    total,
    succeeded: counts.succeeded,
    unchanged: counts.unchanged,
    removed: counts.removed,
    absent: counts.absent,
    unreachable: counts.unreachable,
    failed: counts.failed,
    notAttempted: counts.notAttempted,
    percentSucceeded,
  };
}
