import { MachineError } from "../machines/machine.ts";
import type { OutcomeCode } from "./codes.ts";
import { isOutcomeCode } from "./codes.ts";
import type { Action, Ending, MachineFacts } from "./outcome.ts";
import { messageOf } from "./stop.ts";

/** What an error means as an outcome: the machines' own words keep theirs, all else is a fault of the provider. */
export function codeOf(error: unknown): OutcomeCode {
  return error instanceof MachineError && isOutcomeCode(error.code) ? error.code : "internal";
}

/**
 * How a look ends when it throws. A connection that broke then has changed nothing, so the machine is not `lost`: it
 * could not be reached.
 */
export function lookEndingOf(error: unknown): Ending {
  const ending = endingOf(error, "none");
  return ending.code === "lost" ? { ...ending, code: "disconnected" } : ending;
}

/** How the work on a machine ends when it throws. */
export function endingOf(error: unknown, action: Action, facts?: MachineFacts): Ending {
  return {
    ...facts,
    code: codeOf(error),
    action,
    message: messageOf(error),
    hint: error instanceof MachineError ? error.hint : undefined,
  };
}
