import { ApplianceError } from "../errors.ts";
import { conditionsOf } from "../filter/filter.ts";
import { cycleThrough } from "../filter/label-graph.ts";
import type { Label, labelOperations } from "../operations/labels.ts";
import type { HandlersOf } from "./handlers.ts";
import { changeMachines } from "./label-list.ts";
import { shownMembers } from "./label-machines.ts";
import {
  LabelMemberships,
  type LabelRow,
  labelRows,
  labelsIn,
  listedMachinesOf,
  storedFilterOf,
} from "./label-membership.ts";
import { withIds, withNames } from "./label-names.ts";
import { takeUsesOver, usesOfLabel } from "./label-uses.ts";
import { leaveBehind } from "./left-behind.ts";
import { page, textAt } from "./paging.ts";
import { build } from "./query.ts";
import { changesBetween, moment, newId, recordChanges, type Transaction } from "./transaction.ts";

function rows() {
  return build.selectFrom("labels").selectAll();
}

function find(tx: Transaction, id: string): LabelRow {
  const row = tx.queries.first(rows().where("id", "=", id));
  if (row !== undefined) return row;
  throw new ApplianceError({
    code: "not-found",
    message: `there is no label "${id}"`,
    hint: "`kace labels list` shows those there are",
  });
}

function describe(tx: Transaction, row: LabelRow): Label {
  const filter = storedFilterOf(row);
  return {
    id: row.id,
    organization: row.organization,
    name: row.name,
    urn: row.urn ?? undefined,
    description: row.description ?? undefined,
    kind: filter === undefined ? "manual" : "filter",
    machines: filter === undefined ? [...listedMachinesOf(row)] : undefined,
    filter: filter === undefined ? undefined : withNames(tx, row.organization, filter),
    createdAt: moment(row.created_at),
    updatedAt: moment(row.updated_at),
  };
}

function requireNoCycle(tx: Transaction, saved: LabelRow): void {
  const all = [...labelRows(tx, saved.organization).filter(({ id }) => id !== saved.id), saved];
  const cycle = cycleThrough(saved.id, new Map(all.map((row) => [row.id, labelsIn(storedFilterOf(row))])));
  if (cycle === undefined) return;
  const names = new Map(all.map(({ id, name }) => [id, name]));
  const message = `labels would mean themselves: ${cycle.map((id) => names.get(id) ?? id).join(" -> ")}`;
  const at = conditionsOf(storedFilterOf(saved) ?? {}).find(
    ({ condition }) => condition.property === "label" && condition.value === cycle[1],
  );
  throw new ApplianceError({
    code: "conflict",
    message,
    hint: "take one of these conditions away",
    problems: [{ path: ["filter", ...(at === undefined ? [] : [...at.path, "value"])], message }],
  });
}

function requireFreeName(tx: Transaction, { organization, name, id }: LabelRow): void {
  const other = tx.queries.first(
    rows().where("organization", "=", organization).where("name", "=", name).where("id", "<>", id),
  );
  if (other === undefined) return;
  throw new ApplianceError({
    code: "conflict",
    message: `there is already a label "${name}" in organization "${organization}" (${other.id})`,
    hint: "import that one, or choose another name",
  });
}

function shown(tx: Transaction, row: LabelRow) {
  const { name, description, machines, filter } = describe(tx, row);
  const listed = machines?.join(", ");
  const short = listed !== undefined && listed.length > 1_000 ? `${listed.slice(0, 1_000)}…` : listed;
  return { name, description, machines: short, filter };
}

function subjectOf({ id, name }: LabelRow) {
  return { subject: `label:${id}`, subjectName: name };
}

/** The label of a resource; one that its URN had in another organization is left behind there. */
function withUrn(tx: Transaction, organization: string, urn: string | undefined): LabelRow | undefined {
  if (urn === undefined) return undefined;
  const found = tx.queries.first(rows().where("urn", "=", urn));
  if (found === undefined || found.organization === organization) return found;
  leaveBehind(tx, "label", found);
  return undefined;
}

export const labelHandlers: HandlersOf<typeof labelOperations> = {
  saveLabel(tx, { organization, id: givenId, urn, name, description, machines, filter }) {
    if (machines !== undefined && filter !== undefined)
      throw new ApplianceError({
        code: "invalid",
        message: "a label has machines by hand or by a filter, not both",
        hint: "make two labels, and a third whose filter names both under `any`",
      });
    const existing = givenId === undefined ? withUrn(tx, organization, urn) : find(tx, givenId);
    if (existing !== undefined && existing.organization !== organization)
      throw new ApplianceError({
        code: "conflict",
        message: `this label exists in organization "${existing.organization}" (${existing.id})`,
        hint: "delete it there first: a label does not move between organizations",
      });
    const draft: LabelRow = {
      id: existing?.id ?? newId(tx, "label"),
      organization,
      urn: urn ?? existing?.urn ?? null,
      name,
      description: description ?? null,
      machines: filter !== undefined ? null : JSON.stringify(machines ?? (existing ? listedMachinesOf(existing) : [])),
      filter: null,
      created_at: existing?.created_at ?? tx.now,
      updated_at: existing?.updated_at ?? tx.now,
    };
    requireFreeName(tx, draft);
    if (existing === undefined) takeUsesOver(tx, draft);
    if (filter !== undefined) draft.filter = JSON.stringify(withIds(tx, organization, filter, ["filter"], draft));
    requireNoCycle(tx, draft);
    const before = existing === undefined ? {} : shown(tx, existing);
    const changes = changesBetween(before, shown(tx, draft));
    if (changes.length > 0) draft.updated_at = tx.now;
    tx.queries.run(
      build
        .insertInto("labels")
        .values(draft)
        .onConflict((conflict) => conflict.column("id").doUpdateSet(draft)),
    );
    recordChanges(tx, subjectOf(draft), changes);
    return describe(tx, draft);
  },

  changeLabelMachines(tx, { id, add, remove }) {
    const row = find(tx, id);
    if (row.filter !== null)
      throw new ApplianceError({
        code: "invalid",
        message: `label "${row.name}" is by filter: nothing can be put into it by hand`,
        hint: "change its filter, or make a label without one",
      });
    const changed = changeMachines(tx, row, { add, remove });
    const { added, removed, missing } = changed;
    const counted = { added, removed, ...(missing.length > 0 && { missing: [...missing] }) };
    if (added + removed === 0) return counted;
    const after: LabelRow = { ...row, machines: JSON.stringify(changed.machines), updated_at: tx.now };
    tx.queries.run(
      build.updateTable("labels").set({ machines: after.machines, updated_at: tx.now }).where("id", "=", id),
    );
    recordChanges(tx, subjectOf(row), changesBetween(shown(tx, row), shown(tx, after)));
    return counted;
  },

  getLabel: (tx, { id }) => describe(tx, find(tx, id)),

  findLabelByName(tx, { organization, name }) {
    const row = tx.queries.first(rows().where("organization", "=", organization).where("name", "=", name));
    return row === undefined ? null : describe(tx, row);
  },

  listLabels(tx, { organization, limit, after }) {
    let query = rows()
      .where("organization", "=", organization)
      .orderBy("name")
      .limit(limit + 1);
    if (after !== undefined) query = query.where("name", ">", textAt(after, 0));
    const memberships = new LabelMemberships(tx, organization);
    const { items, next } = page(
      tx.queries.all(query),
      limit,
      (row) => [row.name],
      (row) => {
        const { machines: _listed, ...label } = describe(tx, row);
        const { members, pending } = memberships.of(row.id);
        return { ...label, members: members.length, pending: pending.length };
      },
    );
    return { labels: items, next };
  },

  listLabelMembers(tx, { id, limit, after }) {
    const row = find(tx, id);
    const { members, pending } = new LabelMemberships(tx, row.organization).of(id);
    const beyond = after === undefined ? undefined : textAt(after, 0);
    const rest = beyond === undefined ? members : members.filter((kuid) => kuid > beyond);
    const { items, next } = page(
      rest.slice(0, limit + 1),
      limit,
      (kuid) => [kuid],
      (kuid) => kuid,
    );
    return { members: shownMembers(tx, items), pending: [...pending], next };
  },

  deleteLabel(tx, { id }) {
    const row = tx.queries.first(rows().where("id", "=", id));
    if (row === undefined) return { deleted: false };
    const uses = usesOfLabel(tx, row);
    if (uses.length > 0)
      throw new ApplianceError({
        code: "conflict",
        message: `label "${row.name}" is used by ${uses.slice(0, 10).join(", ")}${uses.length > 10 ? ` and ${uses.length - 10} more` : ""}`,
        hint: "take it out of these first",
      });
    const before = shown(tx, row);
    tx.queries.run(build.deleteFrom("labels").where("id", "=", id));
    recordChanges(tx, subjectOf(row), changesBetween(before, {}));
    return { deleted: true };
  },
};
