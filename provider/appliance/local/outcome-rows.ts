import type { Selectable } from "kysely";
import type { StoredOutcome } from "../operations/outcomes.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { moment } from "./transaction.ts";

type OutcomeRow = Selectable<Tables["outcomes"]> & {
  readonly run_id: string;
  readonly run_started_at: number;
  readonly edited_at: number;
};

/** Outcomes with the identities of their runs, and what tells whether their configurations were edited since. */
export function outcomeRows() {
  return build
    .selectFrom("outcomes")
    .innerJoin("runs", "runs.number", "outcomes.run_number")
    .innerJoin("configurations", "configurations.id", "outcomes.configuration_id")
    .selectAll("outcomes")
    .select(["runs.id as run_id", "runs.started_at as run_started_at", "configurations.updated_at as edited_at"]);
}

/** A row as the answers say it. */
export function describeOutcome(row: OutcomeRow): StoredOutcome {
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
    hasLog: row.has_log === 1,
    edited: row.edited_at > row.run_started_at,
  };
}
