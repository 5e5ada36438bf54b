import * as z from "zod";

/** The classes of outcomes: every target of a run ends in exactly one. */
export const outcomeClass = z.enum([
  "succeeded",
  "unchanged",
  "removed",
  "absent",
  "unreachable",
  "failed",
  "notAttempted",
]);

export type OutcomeClass = z.output<typeof outcomeClass>;

/** The step log of one machine: longer ones are cut in their middle before they come here. */
export const MAX_LOG_BYTES = 65_536;
