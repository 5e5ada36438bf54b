import { ApplianceError } from "../errors.ts";
import type { NewOutcome, OutcomeClass, outcomeOperations } from "../operations/outcomes.ts";
import type { HandlersOf } from "./handlers.ts";
import { describeOutcome, outcomeRows } from "./outcome-rows.ts";
import { page, textAt } from "./paging.ts";
import { build, listed } from "./query.ts";
import type { RunRow } from "./runs.ts";
import { moment, type Transaction } from "./transaction.ts";

/** No news: a refresh that could not look at a machine says nothing about it. */
const NO_NEWS: ReadonlySet<OutcomeClass> = new Set(["absent", "unreachable", "notAttempted"]);

type RunOfOutcome = Pick<RunRow, "number" | "configuration_id" | "kind">;

/** Whether an outcome becomes what is known of its machine: not if a later run has said something already. */
function becomesLatest(tx: Transaction, run: RunOfOutcome, outcome: NewOutcome): boolean {
  if (run.kind === "refresh" && NO_NEWS.has(outcome.class)) return false;
  const latest = build
    .selectFrom("outcomes")
    .where("configuration_id", "=", run.configuration_id)
    .where("machine", "=", outcome.machine)
    .where("latest", "=", 1);
  const known = tx.queries.first(latest.select("run_number"));
  if (known === undefined || known.run_number === run.number) return true;
  if (known.run_number > run.number) return false;
  tx.queries.run(
    build
      .updateTable("outcomes")
      .set({ latest: 0 })
      .where("run_number", "=", known.run_number)
      .where("machine", "=", outcome.machine),
  );
  return true;
}

function record(tx: Transaction, run: RunOfOutcome, outcome: NewOutcome): void {
  const values = {
    configuration_id: run.configuration_id,
    latest: becomesLatest(tx, run, outcome) ? 1 : 0,
    target: outcome.target,
    name: outcome.name ?? null,
    address: outcome.address ?? null,
    action: outcome.action,
    class: outcome.class,
    code: outcome.code,
    message: outcome.message,
    hint: outcome.hint ?? null,
    version: outcome.version ?? null,
    server: outcome.server ?? null,
    platform: outcome.platform ?? null,
    kuid: outcome.kuid ?? null,
    duration_ms: outcome.durationMs,
    has_log: outcome.log === undefined ? 0 : 1,
    recorded_at: tx.now,
  };
  const key = { run_number: run.number, machine: outcome.machine };
  tx.queries.run(
    build
      .insertInto("outcomes")
      .values({ ...key, ...values })
      .onConflict((conflict) => conflict.columns(["run_number", "machine"]).doUpdateSet(values)),
  );
  if (outcome.log === undefined) {
    tx.queries.run(
      build.deleteFrom("outcome_logs").where("run_number", "=", run.number).where("machine", "=", outcome.machine),
    );
    return;
  }
  const { log } = outcome;
  tx.queries.run(
    build
      .insertInto("outcome_logs")
      .values({ ...key, log })
      .onConflict((conflict) => conflict.columns(["run_number", "machine"]).doUpdateSet({ log })),
  );
}

export const outcomeHandlers: HandlersOf<typeof outcomeOperations> = {
  recordOutcomes(tx, { runId, outcomes }) {
    const run = tx.queries.first(
      build.selectFrom("runs").select(["number", "configuration_id", "kind", "state"]).where("id", "=", runId),
    );
    if (run === undefined) {
      throw new ApplianceError({
        code: "not-found",
        message: `there is no run "${runId}"`,
        hint: "its configuration may have been deleted meanwhile",
      });
    }
    if (run.state === "finished") {
      throw new ApplianceError({ code: "conflict", message: `run ${runId} is finished: nothing can be added to it` });
    }
    for (const outcome of outcomes) record(tx, run, outcome);
    return { recorded: outcomes.length };
  },

  listOutcomes(tx, { organization, configurationId, runId, machine, classes, codes, limit, after }) {
    let query = outcomeRows()
      .where("configurations.organization", "=", organization)
      .orderBy("outcomes.machine")
      .orderBy("outcomes.configuration_id")
      .limit(limit + 1);
    query = runId === undefined ? query.where("outcomes.latest", "=", 1) : query.where("runs.id", "=", runId);
    if (configurationId !== undefined) query = query.where("outcomes.configuration_id", "=", configurationId);
    if (machine !== undefined) query = query.where("outcomes.machine", "=", machine);
    if (classes !== undefined) query = query.where("outcomes.class", "in", listed(classes));
    if (codes !== undefined) query = query.where("outcomes.code", "in", listed(codes));
    if (after !== undefined) {
      const [afterMachine, afterConfiguration] = [textAt(after, 0), textAt(after, 1)];
      query = query.where((eb) =>
        eb(
          eb.refTuple("outcomes.machine", "outcomes.configuration_id"),
          ">",
          eb.tuple(afterMachine, afterConfiguration),
        ),
      );
    }
    const rows = tx.queries.all(query);
    const { items, next } = page(rows, limit, (row) => [row.machine, row.configuration_id], describeOutcome);
    return { outcomes: items, next };
  },

  outcomeLog(tx, { configurationId, machine, runId }) {
    let query = build
      .selectFrom("outcome_logs")
      .innerJoin("outcomes", (join) =>
        join
          .onRef("outcomes.run_number", "=", "outcome_logs.run_number")
          .onRef("outcomes.machine", "=", "outcome_logs.machine"),
      )
      .innerJoin("runs", "runs.number", "outcome_logs.run_number")
      .select(["runs.id", "outcomes.recorded_at", "outcome_logs.log"])
      .where("outcomes.configuration_id", "=", configurationId)
      .where("outcomes.machine", "=", machine)
      .orderBy("outcomes.run_number", "desc")
      .limit(1);
    if (runId !== undefined) query = query.where("runs.id", "=", runId);
    const row = tx.queries.first(query);
    return row === undefined ? null : { runId: row.id, recordedAt: moment(row.recorded_at), log: row.log };
  },
};
