import type { Selectable } from "kysely";
import type * as z from "zod";
import { conditionsOf } from "../filter/filter.ts";
import {
  DEFAULT_UPDATE_POLICY,
  givenPolicy,
  type UpdatePolicy,
  type UpdatePolicyChanges,
} from "../operations/update-policy.ts";
import { labelRows, labelsIn } from "./label-membership.ts";
import { noSuchLabel, withIds, withNames } from "./label-names.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { fromColumn, type Transaction } from "./transaction.ts";

/** A policy as the database has it; labels are named by their ids, so that their names may change. */
export type PolicyRow = Selectable<Tables["update_policies"]>;

/** What was set of a policy, with the ids of labels. */
export type GivenPolicy = z.output<typeof givenPolicy>;

/** The row of an organization; one that nothing is set in where there is none. */
export function policyRow(tx: Transaction, organization: string): PolicyRow {
  const row = tx.queries.first(
    build.selectFrom("update_policies").selectAll().where("organization", "=", organization),
  );
  return (
    row ?? {
      organization,
      present: 0,
      urn: null,
      given: "{}",
      revision: 0,
      generation: 0,
      began_at: null,
      meaning: "",
      held_at: null,
      held_reason: null,
      counting_since: 0,
      updated_at: 0,
    }
  );
}

/** The policies that somebody has set. */
export function presentPolicies(tx: Transaction): PolicyRow[] {
  return tx.queries.all(
    build.selectFrom("update_policies").selectAll().where("present", "=", 1).orderBy("organization"),
  );
}

export function writePolicy(tx: Transaction, row: PolicyRow): void {
  tx.queries.run(
    build
      .insertInto("update_policies")
      .values(row)
      .onConflict((conflict) => conflict.column("organization").doUpdateSet(row)),
  );
}

/** What was set, with the ids of labels. */
export function storedGiven(row: PolicyRow): GivenPolicy {
  return fromColumn(givenPolicy, row.given, `the update policy of ${row.organization}`);
}

/** What holds. */
export function effectiveOf(given: GivenPolicy): UpdatePolicy {
  const defaults = DEFAULT_UPDATE_POLICY;
  return {
    enabled: given.enabled ?? defaults.enabled,
    updateBrokenAgents: given.updateBrokenAgents ?? defaults.updateBrokenAgents,
    allMachines: given.allMachines ?? defaults.allMachines,
    labels: given.labels ?? defaults.labels,
    machines: given.machines ?? defaults.machines,
    filter: given.filter,
    version: given.version ?? defaults.version,
    deniedVersions: given.deniedVersions ?? defaults.deniedVersions,
    notes: given.notes,
    timezone: given.timezone,
    windows: given.windows ?? defaults.windows,
    blackoutWindows: given.blackoutWindows ?? defaults.blackoutWindows,
    blackoutDates: given.blackoutDates ?? defaults.blackoutDates,
    rollout: given.rollout ?? defaults.rollout,
    hold: given.hold ?? defaults.hold,
    maxFailures: given.maxFailures ?? defaults.maxFailures,
  };
}

/** The same with the present names of labels. */
export function givenWithNames(tx: Transaction, organization: string, given: GivenPolicy): GivenPolicy {
  const { labels, filter } = given;
  if (labels === undefined && filter === undefined) return given;
  const names = new Map(labelRows(tx, organization).map(({ id, name }) => [id, name]));
  return {
    ...given,
    ...(labels !== undefined && { labels: labels.map((id) => names.get(id) ?? id) }),
    ...(filter !== undefined && { filter: withNames(tx, organization, filter) }),
  };
}

/** The same with the ids of labels. @throws ApplianceError `invalid` for a label that is not there */
export function givenWithIds(tx: Transaction, organization: string, given: GivenPolicy): GivenPolicy {
  const { labels, filter } = given;
  const ids = new Map(labelRows(tx, organization).map(({ id, name }) => [name, id]));
  const idOf = (name: string, index: number) => {
    const id = ids.get(name);
    if (id !== undefined) return id;
    throw noSuchLabel(["labels", index], name, organization);
  };
  return {
    ...given,
    ...(labels !== undefined && { labels: [...new Set(labels.map(idOf))] }),
    ...(filter !== undefined && { filter: withIds(tx, organization, filter, ["filter"]) }),
  };
}

/** The names in a policy that no label has. @returns where they stand, and what they are */
export function missingLabels(
  tx: Transaction,
  organization: string,
  { labels, filter }: UpdatePolicy,
): readonly { readonly path: (string | number)[]; readonly name: string }[] {
  const names = new Set(labelRows(tx, organization).map(({ name }) => name));
  return [
    ...labels.map((name, index) => ({ path: ["labels", index], name })),
    ...(filter === undefined ? [] : conditionsOf(filter))
      .filter(({ condition }) => condition.property === "label")
      .map(({ condition, path }) => ({ path: ["filter", ...path, "value"], name: condition.value })),
  ].filter(({ name }) => !names.has(name));
}

/** What is set after a change; a default that was given back is not set any more. */
export function changedGiven(given: GivenPolicy, changes: UpdatePolicyChanges): GivenPolicy {
  const said = Object.entries(changes).filter(([, value]) => value !== undefined);
  const merged = Object.entries({ ...given, ...Object.fromEntries(said) }).filter(([, value]) => value !== null);
  return givenPolicy.parse(Object.fromEntries(merged));
}

/** The labels, by id, that a policy names. */
export function labelsOfPolicy(row: PolicyRow): readonly string[] {
  const { labels = [], filter } = storedGiven(row);
  return [...labels, ...labelsIn(filter)];
}
