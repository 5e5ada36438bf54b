/**
 * What a target's outcome counts as: every target of a run ends in exactly one, and every outcome code belongs to exactly
 * one. Percentages leave `absent` out.
 */
export const OUTCOME_CLASSES = [
  "succeeded",
  "unchanged",
  "removed",
  "absent",
  "unreachable",
  "failed",
  "notAttempted",
] as const;

/** One of {@link OUTCOME_CLASSES}. */
export type OutcomeClass = (typeof OUTCOME_CLASSES)[number];
