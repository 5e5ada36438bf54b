import type { Selectable } from "kysely";
import { ApplianceError } from "../errors.ts";
import { processIdentity, type RunProgress } from "../operations/fields.ts";
import { type Run, type RunSummary, type runOperations, runSummary } from "../operations/runs.ts";
import type { HandlersOf } from "./handlers.ts";
import { forgetFacts } from "./outcome-facts.ts";
import { describeOutcome, outcomeRows } from "./outcome-rows.ts";
import { numberAt, page, textAt } from "./paging.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { fromColumn, moment, momentOrNone, newId, recordChanges, type Transaction } from "./transaction.ts";

export type RunRow = Selectable<Tables["runs"]>;

/** Of each configuration; what is older is no longer known, but for the latest outcome of every machine. */
const RUNS_KEPT = 50;

/** Whether somebody works on a run: its lease has not run out, and its process is not known to have ended. */
export function isHeld(tx: Transaction, row: RunRow): boolean {
  if (row.state !== "running" || row.lease_until <= tx.now) return false;
  if (row.process === null) return true;
  return tx.world.hasEnded(fromColumn(processIdentity, row.process, `the process of run ${row.id}`)) !== true;
}

export function summaryOf(row: RunRow): RunSummary | undefined {
  return row.summary === null ? undefined : fromColumn(runSummary, row.summary, `the summary of run ${row.id}`);
}

function rows() {
  return build.selectFrom("runs").selectAll("runs");
}

function rowsWithNames() {
  return rows()
    .innerJoin("configurations", "configurations.id", "runs.configuration_id")
    .select("configurations.name as configuration_name");
}

function find(tx: Transaction, runId: string): RunRow {
  const row = tx.queries.first(rows().where("id", "=", runId));
  if (row !== undefined) return row;
  throw new ApplianceError({
    code: "not-found",
    message: `there is no run "${runId}"`,
    hint: "its configuration may have been deleted meanwhile",
  });
}

/** The run that took a lease over, or why the run no longer has it. */
function lostLease(tx: Transaction, row: RunRow): ApplianceError {
  const other = tx.queries.first(
    rows()
      .where("configuration_id", "=", row.configuration_id)
      .where("number", ">", row.number)
      .orderBy("number")
      .limit(1),
  );
  return new ApplianceError({
    code: "conflict",
    message:
      row.state === "finished" || other === undefined
        ? `run ${row.id} is finished already`
        : `${other.holder} took this configuration over at ${moment(other.started_at)}, because nothing was heard of run ${row.id}`,
    hint: "run it again",
  });
}

/** What a run says of its progress, as it is kept; nothing where it says nothing. */
export function columnsOf(progress: RunProgress | undefined) {
  return progress === undefined ? {} : { in_flight: progress.inFlight, absent: progress.absent };
}

function describe(tx: Transaction, row: RunRow & { readonly configuration_name: string }): Run {
  return {
    runId: row.id,
    configurationId: row.configuration_id,
    configurationName: row.configuration_name,
    kind: row.kind,
    state: row.state === "running" && !isHeld(tx, row) ? "interrupted" : row.state,
    holder: row.holder,
    startedAt: moment(row.started_at),
    finishedAt: momentOrNone(row.finished_at),
    leaseUntil: row.state === "running" ? moment(row.lease_until) : undefined,
    total: row.total ?? undefined,
    summary: summaryOf(row),
  };
}

function forgetOldRuns(tx: Transaction, configurationId: string): void {
  const oldestKept = tx.queries.first(
    build
      .selectFrom("runs")
      .select("number")
      .where("configuration_id", "=", configurationId)
      .orderBy("number", "desc")
      .offset(RUNS_KEPT - 1)
      .limit(1),
  );
  if (oldestKept === undefined) return;
  const old = build
    .selectFrom("runs")
    .select("number")
    .where("configuration_id", "=", configurationId)
    .where("number", "<", oldestKept.number);
  const going = build
    .selectFrom("outcomes")
    .where("run_number", "in", old)
    .where((eb) => eb("latest", "=", eb.lit(0)));
  const facts = tx.queries.all(going.select("fact_number").distinct()).map(({ fact_number }) => fact_number);
  tx.queries.run(
    build
      .deleteFrom("outcomes")
      .where("run_number", "in", old)
      .where((eb) => eb("latest", "=", eb.lit(0))),
  );
  if (facts.length > 0) forgetFacts(tx, facts);
  const needed = build.selectFrom("outcomes").select("log_pack").where("run_number", "in", old);
  tx.queries.run(
    build
      .deleteFrom("outcome_log_packs")
      .where("run_number", "in", old)
      .where("number", "not in", needed.where("log_pack", "is not", null).$narrowType<{ log_pack: number }>()),
  );
  tx.queries.run(
    build
      .deleteFrom("runs")
      .where("number", "in", old)
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom("outcomes")
              .select("outcomes.machine_number")
              .whereRef("outcomes.run_number", "=", "runs.number"),
          ),
        ),
      ),
  );
}

function nameOf(tx: Transaction, configurationId: string): string | undefined {
  return tx.queries.first(build.selectFrom("configurations").select("name").where("id", "=", configurationId))?.name;
}

/** Says in the history of a run that changes machines that it began, or how it ended. */
function recordRun(
  tx: Transaction,
  configurationId: string,
  subjectName: string,
  { kind, said }: { readonly kind: string; readonly said: string },
): void {
  const change = { property: `run ${kind}`, from: null, to: said };
  recordChanges(tx, { subject: `configuration:${configurationId}`, subjectName }, [change]);
}

export const runHandlers: HandlersOf<typeof runOperations> = {
  startRun(tx, { configurationId, kind, total, leaseSeconds, holder, process }) {
    const name = nameOf(tx, configurationId);
    if (name === undefined) {
      throw new ApplianceError({ code: "not-found", message: `there is no configuration "${configurationId}"` });
    }
    const running = tx.queries.first(
      rows().where("configuration_id", "=", configurationId).where("state", "=", "running"),
    );
    if (running !== undefined) {
      if (isHeld(tx, running)) {
        throw new ApplianceError({
          code: "conflict",
          message: `busy: ${running.holder} has been running "${name}" since ${moment(running.started_at)}`,
          hint: "wait until that run has finished",
        });
      }
      tx.queries.run(build.updateTable("runs").set({ state: "interrupted" }).where("number", "=", running.number));
    }
    const id = newId(tx, "run");
    const leaseUntil = tx.now + leaseSeconds * 1_000;
    tx.queries.run(
      build.insertInto("runs").values({
        id,
        configuration_id: configurationId,
        kind,
        state: "running",
        holder,
        process: process === undefined ? null : JSON.stringify(process),
        started_at: tx.now,
        finished_at: null,
        lease_until: leaseUntil,
        total: total ?? null,
        in_flight: null,
        absent: null,
        summary: null,
      }),
    );
    // With the entry of its end: one that never ends is seen too.
    if (kind !== "refresh") recordRun(tx, configurationId, name, { kind, said: `begun by ${holder}` });
    return { runId: id, leaseUntil: moment(leaseUntil) };
  },

  renewLease(tx, { runId, leaseSeconds, progress }) {
    const row = find(tx, runId);
    if (row.state !== "running") throw lostLease(tx, row);
    const leaseUntil = tx.now + leaseSeconds * 1_000;
    const said = { lease_until: leaseUntil, ...columnsOf(progress) };
    tx.queries.run(build.updateTable("runs").set(said).where("number", "=", row.number));
    return { leaseUntil: moment(leaseUntil) };
  },

  finishRun(tx, { runId, summary }) {
    const row = find(tx, runId);
    if (row.state === "finished") return {};
    if (row.state !== "running") throw lostLease(tx, row);
    tx.queries.run(
      build
        .updateTable("runs")
        .set({ state: "finished", finished_at: tx.now, summary: JSON.stringify(summary) })
        .where("number", "=", row.number),
    );
    if (row.kind !== "refresh") {
      const name = nameOf(tx, row.configuration_id) ?? row.configuration_id;
      recordRun(tx, row.configuration_id, name, { kind: row.kind, said: JSON.stringify(summary) });
    }
    forgetOldRuns(tx, row.configuration_id);
    return {};
  },

  unfinished(tx, { configurationId, limit, after }) {
    const changing = rowsWithNames().where("configuration_id", "=", configurationId).where("kind", "<>", "refresh");
    const finished = tx.queries.first(changing.where("state", "=", "finished").orderBy("number", "desc").limit(1));
    const since = finished?.number ?? 0;
    // Also asked by a run that has the lease already: what it is to go on with came before it.
    const last = tx.queries
      .all(changing.where("number", ">", since).orderBy("number", "desc"))
      .find((row) => !isHeld(tx, row));
    if (last === undefined) return { run: null, outcomes: [] };
    let query = outcomeRows()
      .where("outcome_machines.configuration_id", "=", configurationId)
      .where((eb) => eb("latest", "=", eb.lit(1)))
      .where("run_number", ">", since)
      .orderBy("machine")
      .limit(limit + 1);
    if (after !== undefined) query = query.where("machine", ">", textAt(after, 0));
    const { items, next } = page(tx.queries.all(query), limit, (row) => [row.machine], describeOutcome);
    return { run: describe(tx, last), outcomes: items, next };
  },

  listRuns(tx, { organization, configurationId, limit, after }) {
    let query = rowsWithNames()
      .where("organization", "=", organization)
      .orderBy("number", "desc")
      .limit(limit + 1);
    if (configurationId !== undefined) query = query.where("configuration_id", "=", configurationId);
    if (after !== undefined) query = query.where("number", "<", numberAt(after, 0));
    const { items, next } = page(
      tx.queries.all(query),
      limit,
      (row) => [row.number],
      (row) => describe(tx, row),
    );
    return { runs: items, next };
  },
};
