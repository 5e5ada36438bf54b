import type { ApplianceError, InputProblem } from "../errors.ts";
import { conditionsOf, type MachineFilter, mapConditions } from "../filter/filter.ts";
import { refusedAt } from "../wrong-input.ts";
import { labelRows, labelsIn } from "./label-membership.ts";
import type { Transaction } from "./transaction.ts";

/** A stored filter as people know it: with the present names of the labels in it. */
export function withNames(tx: Transaction, organization: string, filter: MachineFilter): MachineFilter {
  if (labelsIn(filter).length === 0) return filter;
  const names = new Map(labelRows(tx, organization).map(({ id, name }) => [id, name]));
  return mapConditions(filter, (condition) =>
    condition.property === "label" ? { ...condition, value: names.get(condition.value) ?? condition.value } : condition,
  );
}

/**
 * A filter as it is stored.
 * @param at where the filter is in what was said
 * @param self a label that is not there yet, and may be named
 * @throws ApplianceError `invalid` for a label that is not there
 */
export function withIds(
  tx: Transaction,
  organization: string,
  filter: MachineFilter,
  at: InputProblem["path"],
  self?: { readonly id: string; readonly name: string },
): MachineFilter {
  const ids = new Map(labelRows(tx, organization).map(({ id, name }) => [name, id]));
  if (self !== undefined) ids.set(self.name, self.id);
  const missing = conditionsOf(filter).find(
    ({ condition }) => condition.property === "label" && !ids.has(condition.value),
  );
  if (missing !== undefined)
    throw noSuchLabel([...at, ...missing.path, "value"], missing.condition.value, organization);
  return mapConditions(filter, (condition) =>
    condition.property === "label" ? { ...condition, value: ids.get(condition.value) ?? "" } : condition,
  );
}

/** The refusal of the name of a label that nobody has made. */
export function noSuchLabel(path: InputProblem["path"], name: string, organization: string): ApplianceError {
  return refusedAt(
    path,
    `there is no label "${name}" in organization "${organization}"`,
    "make that one first: in a program, name it by the `name` of its `Label` resource",
  );
}
