import type { OutcomeCode } from "./codes.ts";
import type { Action, Outcome } from "./outcome.ts";
import type { Stop } from "./stop.ts";

/** What happens in a run, for whoever shows it: progress knows nothing of work, and work nothing of progress. */
export type RolloutEvent =
  /** A machine's turn has come. */
  | { readonly kind: "started"; readonly machine: string }
  /** The connection failed and is tried again after a while. */
  | {
      readonly kind: "retrying";
      readonly machine: string;
      readonly code: OutcomeCode;
      readonly attempt: number;
      readonly delayMs: number;
    }
  /** It was looked at, and something is done to it now. */
  | { readonly kind: "acting"; readonly machine: string; readonly action: Action; readonly reason: string }
  /** It is the machine that another target stands for, and needs no work of its own. */
  | { readonly kind: "merged"; readonly machine: string }
  /** A target has its outcome. */
  | { readonly kind: "finished"; readonly outcome: Outcome }
  /** No further machine is begun. */
  | { readonly kind: "stopping"; readonly stop: Stop }
  /** Something unexpected that does not change an outcome, or is behind the code `internal`: for the debug log. */
  | { readonly kind: "fault"; readonly machine: string; readonly error: unknown };
