import type { DatabaseSync } from "node:sqlite";

/**
 * Tables that are in no export, each with the reason. Every other table of the schema is, whoever adds it: none is
 * forgotten because nobody thought of it.
 */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  server: "says which process serves the appliance at this moment",
  device_changes: "wakes a server that runs; another one starts with what the devices are",
};

/** Tables that hold secrets, or what is of use only with them: left out as a whole where secrets are. */
export const SECRET_TABLES: Readonly<Record<string, string>> = {
  token_values: "the values of enrolment tokens; every token gets a new one",
  schedules: "what scheduled runs log in with; `pulumi up` gives it again",
  api_tokens: "what API tokens are recognized by; make new ones",
  tasks: "tasks of agents, since without what they do they cannot be done",
  task_payloads: "what tasks do: scripts, for one",
  task_outputs: "what scripts have printed",
};

/** Columns of other tables that a leaving out of secrets empties. */
export const SECRET_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  // Of the value before: an update of the configuration says which it brings.
  configurations: ["token_fingerprint"],
};

/** The tables of a database, without SQLite's own. */
export function tablesOf(database: DatabaseSync): string[] {
  const rows = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .all();
  return rows.map(({ name }) => String(name));
}

/** The columns of a table, in their order. */
export function columnsOf(database: DatabaseSync, table: string): string[] {
  return database
    .prepare("SELECT name FROM pragma_table_info(?) ORDER BY cid")
    .all(table)
    .map(({ name }) => String(name));
}

/** A name as SQL writes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
