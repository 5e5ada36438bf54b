import type { LabelRow } from "./label-membership.ts";
import { labelRows, labelsIn, storedFilterOf } from "./label-membership.ts";
import type { Transaction } from "./transaction.ts";
import { policyUsesOfLabel } from "./update-policy-uses.ts";

/**
 * What uses a label, in words for people; whatever else comes to name labels adds itself here, so that none of them
 * disappears beneath it.
 *
 * @example usesOfLabel(tx, row) // ['label "office"']
 */
export function usesOfLabel(tx: Transaction, { id, organization }: LabelRow): readonly string[] {
  const labels = labelRows(tx, organization)
    .filter((other) => other.id !== id && labelsIn(storedFilterOf(other)).includes(id))
    .map(({ name }) => `label "${name}"`);
  return [...labels, ...policyUsesOfLabel(tx, organization, id)];
}
