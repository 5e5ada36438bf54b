import { ApplianceError } from "../errors.ts";
import type { QuarantineDecision, quarantineOperations } from "../operations/quarantine.ts";
import { quarantineRule } from "../operations/quarantine-words.ts";
import { refusedAt } from "../wrong-input.ts";
import type { HandlersOf } from "./handlers.ts";
import { carryOut, type DecisionRow, decisionAbout, judgeQuarantine, STATE_OF, takeBack } from "./judgement.ts";
import { listKeyConflicts, recordKeyConflict } from "./key-conflicts.ts";
import { page, textAt } from "./paging.ts";
import { build } from "./query.ts";
import { changesBetween, fromColumn, moment, newId, recordChanges, type Transaction } from "./transaction.ts";

function rows() {
  return build.selectFrom("quarantine_decisions").selectAll();
}

function find(tx: Transaction, id: string): DecisionRow {
  const row = tx.queries.first(rows().where("id", "=", id));
  if (row !== undefined) return row;
  throw new ApplianceError({
    code: "not-found",
    message: `there is no decision "${id}" about the quarantine`,
    hint: "`kace quarantine rules` shows those there are",
  });
}

/** The device that a decision is about, where it has enrolled in the decision's organization. */
function deviceOf(tx: Transaction, { organization, kuid }: DecisionRow) {
  if (kuid === null) return undefined;
  return tx.queries.first(
    build.selectFrom("devices").selectAll().where("kuid", "=", kuid).where("organization", "=", organization),
  );
}

function describe(tx: Transaction, row: DecisionRow): QuarantineDecision {
  const device = deviceOf(tx, row);
  return {
    id: row.id,
    organization: row.organization,
    name: row.name,
    urn: row.urn ?? undefined,
    verdict: row.verdict,
    kuid: row.kuid ?? undefined,
    rule: row.rule === null ? undefined : fromColumn(quarantineRule, row.rule, `decision ${row.id}`),
    priority: row.kuid === null ? row.priority : undefined,
    inForce: device === undefined || device.state === STATE_OF[row.verdict],
    createdAt: moment(row.created_at),
    updatedAt: moment(row.updated_at),
  };
}

function shown({
  name,
  verdict,
  kuid,
  rule,
  priority,
}: Pick<DecisionRow, "name" | "verdict" | "kuid" | "rule" | "priority">) {
  return { name, verdict, kuid, rule, priority: kuid === null ? priority : undefined };
}

function subjectOf({ id, name }: DecisionRow) {
  return { subject: `quarantine-decision:${id}`, subjectName: name };
}

function requireUnique(tx: Transaction, { organization, id, name, kuid }: DecisionRow): void {
  const others = rows().where("organization", "=", organization).where("id", "<>", id);
  const named = tx.queries.first(others.where("name", "=", name));
  if (named !== undefined)
    throw taken(
      "name",
      `there is already a decision "${name}" in organization "${organization}" (${named.id})`,
      "import that one, or choose another name",
    );
  const about = kuid === null ? undefined : decisionAbout(tx, organization, kuid);
  if (about !== undefined && about.id !== id)
    throw taken(
      "kuid",
      `there is already a decision about device ${kuid}: "${about.name}" (${about.id})`,
      "import that one, or change it where it is made",
    );
}

function taken(property: string, message: string, hint: string): ApplianceError {
  return new ApplianceError({ code: "conflict", message, hint, problems: [{ path: [property], message }] });
}

/** Undoes what a decision about one device did, unless somebody has decided otherwise since. */
function withdraw(tx: Transaction, row: DecisionRow): void {
  const device = deviceOf(tx, row);
  if (device !== undefined && row.changed_device === 1 && device.state === STATE_OF[row.verdict])
    takeBack(tx, device, row);
}

export const quarantineHandlers: HandlersOf<typeof quarantineOperations> = {
  saveQuarantineDecision(tx, { organization, id: givenId, urn, name, verdict, kuid, rule, priority }) {
    if ((kuid === undefined) === (rule === undefined))
      throw refusedAt(
        [kuid === undefined ? "kuid" : "rule"],
        "a decision is about one device (`kuid`) or by a `rule`: one of the two, and not both",
      );
    const existing =
      givenId === undefined
        ? urn === undefined
          ? undefined
          : tx.queries.first(rows().where("urn", "=", urn))
        : find(tx, givenId);
    if (existing !== undefined && existing.organization !== organization)
      throw new ApplianceError({
        code: "conflict",
        message: `this decision exists in organization "${existing.organization}" (${existing.id})`,
        hint: "delete it there first: a decision does not move between organizations",
      });
    const stays = existing !== undefined && existing.kuid === (kuid ?? null);
    const draft: DecisionRow = {
      id: existing?.id ?? newId(tx, "decision"),
      organization,
      urn: urn ?? existing?.urn ?? null,
      name,
      verdict,
      kuid: kuid ?? null,
      rule: rule === undefined ? null : JSON.stringify(rule),
      priority,
      changed_device: stays ? existing.changed_device : 0,
      created_at: existing?.created_at ?? tx.now,
      updated_at: existing?.updated_at ?? tx.now,
    };
    requireUnique(tx, draft);
    const changes = changesBetween(existing === undefined ? {} : shown(existing), shown(draft));
    if (changes.length > 0) draft.updated_at = tx.now;
    if (existing !== undefined && !stays) withdraw(tx, existing);
    const device = deviceOf(tx, draft);
    const decidedOne = device !== undefined && carryOut(tx, device, draft);
    if (decidedOne) draft.changed_device = 1;
    tx.queries.run(
      build
        .insertInto("quarantine_decisions")
        .values(draft)
        .onConflict((conflict) => conflict.column("id").doUpdateSet(draft)),
    );
    recordChanges(tx, subjectOf(draft), changes);
    // A device that the decision was about before may be one that a rule means.
    const decidedNow = Number(decidedOne) + judgeQuarantine(tx, organization);
    return { ...describe(tx, draft), decidedNow };
  },

  getQuarantineDecision: (tx, { id }) => describe(tx, find(tx, id)),

  listQuarantineDecisions(tx, { organization, limit, after }) {
    let query = rows()
      .where("organization", "=", organization)
      .orderBy("name")
      .limit(limit + 1);
    if (after !== undefined) query = query.where("name", ">", textAt(after, 0));
    const { items, next } = page(
      tx.queries.all(query),
      limit,
      (row) => [row.name],
      (row) => describe(tx, row),
    );
    return { decisions: items, next };
  },

  deleteQuarantineDecision(tx, { id }) {
    const row = tx.queries.first(rows().where("id", "=", id));
    if (row === undefined) return { deleted: false };
    tx.queries.run(build.deleteFrom("quarantine_decisions").where("id", "=", id));
    recordChanges(tx, subjectOf(row), changesBetween(shown(row), {}));
    withdraw(tx, row);
    judgeQuarantine(tx, row.organization);
    return { deleted: true };
  },

  recordKeyConflict,
  listKeyConflicts,
};
