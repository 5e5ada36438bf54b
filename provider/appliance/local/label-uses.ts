import { type MachineFilter, mapConditions } from "../filter/filter.ts";
import type { LabelRow } from "./label-membership.ts";
import { labelRows, labelsIn, storedFilterOf } from "./label-membership.ts";
import { nameOfLeft } from "./left-behind.ts";
import { build } from "./query.ts";
import type { Transaction } from "./transaction.ts";
import { labelsOfPolicy, policyRow, storedGiven, writePolicy } from "./update-policy-rows.ts";
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

/**
 * Lets whatever used a label that its resource left behind use the one that is made under its name now: programs name
 * labels by their names, so nothing in them says that this is another one.
 */
export function takeUsesOver(tx: Transaction, made: LabelRow): void {
  const { organization, name } = made;
  const all = labelRows(tx, organization);
  const left = new Set(
    all.filter((row) => row.urn === null && row.name === nameOfLeft({ id: row.id, name })).map(({ id }) => id),
  );
  if (left.size === 0) return;
  const present = (id: string) => (left.has(id) ? made.id : id);
  const changed = (filter: MachineFilter) =>
    mapConditions(filter, (condition) =>
      condition.property === "label" ? { ...condition, value: present(condition.value) } : condition,
    );
  for (const row of all) {
    const filter = storedFilterOf(row);
    if (filter === undefined || !labelsIn(filter).some((id) => left.has(id))) continue;
    const stored = { filter: JSON.stringify(changed(filter)) };
    tx.queries.run(build.updateTable("labels").set(stored).where("id", "=", row.id));
  }
  const policy = policyRow(tx, organization);
  if (!labelsOfPolicy(policy).some((id) => left.has(id))) return;
  const { labels, filter, ...rest } = storedGiven(policy);
  const given = {
    ...rest,
    ...(labels !== undefined && { labels: labels.map(present) }),
    ...(filter !== undefined && { filter: changed(filter) }),
  };
  writePolicy(tx, { ...policy, given: JSON.stringify(given) });
}
