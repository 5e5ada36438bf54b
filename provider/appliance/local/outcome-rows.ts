import type { Selectable } from "kysely";
import type { StoredOutcome } from "../operations/outcomes.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { moment } from "./transaction.ts";

/** Outcomes with the identities of their runs. */
export function outcomeRows() {
  return build
    .selectFrom("outcomes")
    .innerJoin("runs", "runs.number", "outcomes.run_number")
    .selectAll("outcomes")
    .select("runs.id as run_id");
}

/** A row as the answers say it. */
export function describeOutcome(row: Selectable<Tables["outcomes"]> & { readonly run_id: string }): StoredOutcome {
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
  };
}
