import { existsSync } from "node:fs";
import { join } from "node:path";
import { ApplianceError } from "../errors.ts";
import { DATABASE_FILE } from "../local/database.ts";
import { KEY_FILE, readKeys } from "../local/keys.ts";
import { migrate, migrations } from "../local/migrations.ts";
import { DatabaseSync } from "../local/sqlite.ts";
import { openWritable } from "../local/writable-database.ts";
import { DEFAULT_ORGANIZATION } from "../operations/fields.ts";
import { damaged } from "./kinds.ts";
import { quoted, tablesOf } from "./tables.ts";

const LOCK_WAIT_MS = 10_000;

/** What the history says of a take-over. */
export interface TakeOver {
  /** `restore` or `import`. */
  readonly what: string;
  readonly who: string;
  /** RFC 3339: the moment that the archive is of. */
  readonly madeAt: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Brings an unpacked appliance to what one is that nothing serves yet: of this version, whole, nobody connected, no run in
 * work; and writes into its history where it comes from.
 *
 * @param path of the archive, for errors
 * @throws ApplianceError `invalid` where it is damaged, `newer-version`
 */
export async function settle(staging: string, path: string, takeOver: TakeOver): Promise<void> {
  if (!existsSync(join(staging, DATABASE_FILE))) throw damaged(path, "it has no database");
  if (!existsSync(join(staging, KEY_FILE)) || readKeys(staging) === undefined) throw damaged(path, "it has no key");
  // Checks that the key is the database's, and brings an older database up to date.
  (await openWritable({ folder: staging, lockWaitMs: LOCK_WAIT_MS, now: takeOver.now, migrations })).close();
  const database = new DatabaseSync(join(staging, DATABASE_FILE));
  try {
    requireSound(database, path);
    // One file, which can be moved.
    database.exec("PRAGMA journal_mode = DELETE");
    database.exec(`
      BEGIN;
      DELETE FROM server;
      DELETE FROM device_changes;
      UPDATE devices SET connection_id = NULL, instance_id = NULL, connected_since = NULL;
      UPDATE runs SET state = 'interrupted' WHERE state = 'running';
    `);
    const changes = [{ property: "state of", from: null, to: takeOver.madeAt }];
    database
      .prepare("INSERT INTO history (at, who, what, subject, subject_name, changes) VALUES (?, ?, ?, ?, ?, ?)")
      .run(takeOver.now, takeOver.who, takeOver.what, "appliance", "appliance", JSON.stringify(changes));
    database.exec("COMMIT");
  } finally {
    database.close();
  }
}

/** @throws ApplianceError `invalid` */
function requireSound(database: DatabaseSync, path: string): void {
  const integrity = database.prepare("PRAGMA integrity_check").get()?.integrity_check;
  if (integrity !== "ok") throw damaged(path, "its database is damaged");
  const dangling = database.prepare("PRAGMA foreign_key_check").get();
  if (dangling !== undefined) throw damaged(path, `what a row of ${String(dangling.table)} belongs to is not in it`);
}

/** What an appliance holds that another may not take the place of; empty for one that was never used. */
export function contentsOf(database: DatabaseSync, tables: readonly string[]): string[] {
  const fresh = new DatabaseSync(":memory:");
  try {
    migrate(fresh, 0, migrations);
    const initial = new Set(tablesOf(fresh));
    return tables.flatMap((table) => {
      if (WRITTEN_BY_ITSELF.has(table)) return [];
      const count = countOf(database, table) - (initial.has(table) ? countOf(fresh, table) : 0);
      return count <= 0 ? [] : [`${table.replaceAll("_", " ")}: ${count}`];
    });
  } finally {
    fresh.close();
  }
}

/** What a server writes of its own accord. */
const WRITTEN_BY_ITSELF = new Set(["meta", "server", "history", "device_changes"]);

function countOf(database: DatabaseSync, table: string): number {
  const own = table === "organizations" ? ` WHERE name <> '${DEFAULT_ORGANIZATION}'` : "";
  return Number(database.prepare(`SELECT count(*) AS count FROM ${quoted(table)}${own}`).get()?.count);
}

/** The answer where something is there already. */
export function notEmpty(folder: string, contents: readonly string[], hint: string): ApplianceError {
  return new ApplianceError({
    code: "conflict",
    message: `the appliance in ${folder} is not empty (${contents.join(", ")})`,
    hint,
  });
}
