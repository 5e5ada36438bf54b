import type { Selectable } from "kysely";
import { ApplianceError } from "../errors.ts";
import type { OutcomeClass } from "../operations/outcome-classes.ts";
import type { NewOutcome, outcomeOperations } from "../operations/outcomes.ts";
import { fixed } from "./fixed-query.ts";
import type { HandlersOf } from "./handlers.ts";
import { factsOf, forgetFacts, machineOf } from "./outcome-facts.ts";
import { keepLogs, logIn, type PackOf } from "./outcome-logs.ts";
import { describeOutcome, outcomeRows } from "./outcome-rows.ts";
import { page, textAt } from "./paging.ts";
import { build, listed } from "./query.ts";
import { columnsOf, type RunRow } from "./runs.ts";
import type { Tables } from "./tables.ts";
import { moment, type Transaction } from "./transaction.ts";

/** No news: a refresh that could not look at a machine says nothing about it. */
const NO_NEWS: ReadonlySet<OutcomeClass> = new Set(["absent", "unreachable", "notAttempted"]);

type RunOfOutcome = Pick<RunRow, "number" | "configuration_id" | "kind">;

const latestOf = fixed(({ machine }: { machine: number }) =>
  build
    .selectFrom("outcomes")
    .select("run_number")
    .where("machine_number", "=", machine)
    .where((eb) => eb("latest", "=", eb.lit(1))),
);
const outdated = fixed(({ run, machine }: { run: number; machine: number }) =>
  build
    .updateTable("outcomes")
    .set((eb) => ({ latest: eb.lit(0) }))
    .where("run_number", "=", run)
    .where("machine_number", "=", machine),
);

/** Whether an outcome becomes what is known of its machine: not if a later run has said something already. */
function becomesLatest(tx: Transaction, run: RunOfOutcome, machine: number, outcome: NewOutcome): boolean {
  if (run.kind === "refresh" && NO_NEWS.has(outcome.class)) return false;
  const known = tx.queries.first(latestOf({ machine }));
  if (known === undefined || known.run_number === run.number) return true;
  if (known.run_number > run.number) return false;
  tx.queries.run(outdated({ run: known.run_number, machine }));
  return true;
}

const before = fixed(({ run, machine }: { run: number; machine: number }) =>
  build
    .selectFrom("outcomes")
    .select("fact_number")
    .where("run_number", "=", run)
    .where("machine_number", "=", machine),
);
const kept = fixed((given: Selectable<Tables["outcomes"]>) => {
  const { run_number, machine_number, fact_number, latest, duration_ms, recorded_at, log_pack } = given;
  const said = { fact_number, latest, duration_ms, recorded_at, log_pack };
  return build
    .insertInto("outcomes")
    .values({ run_number, machine_number, ...said })
    .onConflict((conflict) => conflict.columns(["run_number", "machine_number"]).doUpdateSet(said));
});

function record(tx: Transaction, run: RunOfOutcome, outcome: NewOutcome, packOf: PackOf): void {
  const machine = machineOf(tx, run.configuration_id, outcome.machine);
  const facts = factsOf(tx, machine, outcome);
  const replaced = tx.queries.first(before({ run: run.number, machine }));
  tx.queries.run(
    kept({
      run_number: run.number,
      machine_number: machine,
      fact_number: facts,
      latest: becomesLatest(tx, run, machine, outcome) ? 1 : 0,
      duration_ms: outcome.durationMs,
      recorded_at: tx.now,
      log_pack: outcome.log === undefined ? null : packOf(outcome.machine),
    }),
  );
  if (replaced !== undefined && replaced.fact_number !== facts) forgetFacts(tx, [replaced.fact_number]);
}

export const outcomeHandlers: HandlersOf<typeof outcomeOperations> = {
  recordOutcomes(tx, { runId, outcomes, progress }) {
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
    const packOf = keepLogs(tx, run.number, outcomes);
    for (const outcome of outcomes) record(tx, run, outcome, packOf);
    if (progress !== undefined)
      tx.queries.run(build.updateTable("runs").set(columnsOf(progress)).where("number", "=", run.number));
    return { recorded: outcomes.length };
  },

  listOutcomes(tx, { organization, configurationId, runId, machine, classes, codes, limit, after }) {
    let query = outcomeRows()
      .where("configurations.organization", "=", organization)
      .orderBy("outcome_machines.machine")
      .orderBy("outcome_machines.configuration_id")
      .limit(limit + 1);
    query =
      runId === undefined
        ? query.where((eb) => eb("outcomes.latest", "=", eb.lit(1)))
        : query.where("runs.id", "=", runId);
    if (configurationId !== undefined) query = query.where("outcome_machines.configuration_id", "=", configurationId);
    if (machine !== undefined) query = query.where("outcome_machines.machine", "=", machine);
    if (classes !== undefined) query = query.where("class", "in", listed(classes));
    if (codes !== undefined) query = query.where("code", "in", listed(codes));
    if (after !== undefined) {
      const [afterMachine, afterConfiguration] = [textAt(after, 0), textAt(after, 1)];
      query = query.where((eb) =>
        eb(
          eb.refTuple("outcome_machines.machine", "outcome_machines.configuration_id"),
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
      .selectFrom("outcomes")
      .innerJoin("outcome_machines", "outcome_machines.number", "outcomes.machine_number")
      .innerJoin("outcome_log_packs", "outcome_log_packs.number", "outcomes.log_pack")
      .innerJoin("runs", "runs.number", "outcomes.run_number")
      .select(["runs.id", "outcomes.recorded_at", "outcome_log_packs.packed"])
      .where("outcome_machines.configuration_id", "=", configurationId)
      .where("outcome_machines.machine", "=", machine)
      .orderBy("outcomes.run_number", "desc")
      .limit(1);
    if (runId !== undefined) query = query.where("runs.id", "=", runId);
    const row = tx.queries.first(query);
    const log = row === undefined ? undefined : logIn(row.packed, machine);
    return row === undefined || log === undefined ? null : { runId: row.id, recordedAt: moment(row.recorded_at), log };
  },
};
