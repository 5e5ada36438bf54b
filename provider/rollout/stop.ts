import type { Overrun } from "./budget.ts";

/** Why a run begins no further machine. */
export type Stop =
  | Overrun
  | { readonly kind: "cancelled"; readonly reason: string }
  | { readonly kind: "deadline"; readonly deadlineMs: number }
  /** Outcomes could not be written down, or the list of targets broke off. */
  | { readonly kind: "journal" | "targets"; readonly error: unknown };

/** The reason in words. @example describeStop({ kind: "failures", count: 1, allowed: 0 }) // "1 machine failed and 0 may" */
export function describeStop(stop: Stop): string {
  switch (stop.kind) {
    case "failures":
      return `${machines(stop.count)} failed and ${stop.allowed} may (\`maxFailures\`)`;
    case "unreachable":
      return `${machines(stop.count)} ${stop.count === 1 ? "is" : "are"} unreachable and ${stop.allowed} may be (\`maxUnreachable\`)`;
    case "cancelled":
      return stop.reason;
    case "deadline":
      return `the deadline of ${Math.round(stop.deadlineMs / 1_000)} s has passed`;
    case "journal":
      return `outcomes cannot be written down: ${messageOf(stop.error)}`;
    case "targets":
      return `the list of targets broke off: ${messageOf(stop.error)}`;
  }
}

function machines(count: number): string {
  return count === 1 ? "1 machine" : `${count} machines`;
}

/** What an error says, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
