import type { Selectable } from "kysely";
import type { StoredOutcome } from "../operations/outcomes.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { moment } from "./transaction.ts";

type OutcomeRow = Selectable<Tables["outcomes"]> &
  Omit<Selectable<Tables["outcome_facts"]>, "number" | "machine_number"> & {
    readonly machine: string;
    readonly configuration_id: string;
    readonly run_id: string;
    readonly run_started_at: number;
    readonly edited_at: number;
    readonly ran_at: number | null;
  };

const FACTS = [
  "target",
  "outcome_facts.name",
  "address",
  "action",
  "class",
  "code",
  "message",
  "hint",
  "version",
  "server",
  "platform",
  "kuid",
] as const;

/** When the latest run of each configuration began that has come to its end: it has come to every target. */
const lastRuns = () =>
  build
    .selectFrom("runs")
    .select((eb) => ["configuration_id", eb.fn.max("started_at").as("ran_at")])
    .where("state", "=", "finished")
    .where("kind", "<>", "refresh")
    .groupBy("configuration_id")
    .as("ran");

/** Outcomes with the identities of their runs, and what tells whether their configurations were edited and run since. */
export function outcomeRows() {
  return build
    .selectFrom("outcomes")
    .innerJoin("outcome_machines", "outcome_machines.number", "outcomes.machine_number")
    .innerJoin("outcome_facts", "outcome_facts.number", "outcomes.fact_number")
    .innerJoin("runs", "runs.number", "outcomes.run_number")
    .innerJoin("configurations", "configurations.id", "outcome_machines.configuration_id")
    .leftJoin(lastRuns(), "ran.configuration_id", "outcome_machines.configuration_id")
    .selectAll("outcomes")
    .select(FACTS)
    .select(["outcome_machines.machine", "outcome_machines.configuration_id"])
    .select([
      "runs.id as run_id",
      "runs.started_at as run_started_at",
      "configurations.updated_at as edited_at",
      "ran.ran_at",
    ]);
}

/** A row as the answers say it. */
export function describeOutcome(row: OutcomeRow): StoredOutcome {
  const edited = row.edited_at > row.run_started_at;
  const ranSince = row.ran_at !== null && row.ran_at >= row.edited_at;
  return {
    machine: row.machine,
    target: row.target,
    name: row.name ?? undefined,
    address: row.address ?? undefined,
    action: row.action,
    class: row.class,
    code: row.code,
    message: row.message,
    hint: row.hint ?? undefined,
    version: row.version ?? undefined,
    server: row.server ?? undefined,
    platform: row.platform ?? undefined,
    kuid: row.kuid ?? undefined,
    durationMs: row.duration_ms,
    runId: row.run_id,
    configurationId: row.configuration_id,
    recordedAt: moment(row.recorded_at),
    hasLog: row.log_pack !== null,
    edited: edited && !ranSince,
    dropped: edited && ranSince,
  };
}
