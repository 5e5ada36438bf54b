import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { ApplianceError } from "../errors.ts";
import { backUp } from "../local/backups.ts";
import { DATABASE_FILE, versionOf } from "../local/database.ts";
import { describeFileError } from "../local/file-errors.ts";
import { SQLITE_WAIT_MS, whenFree } from "../local/lock-wait.ts";
import { migrations, newest } from "../local/migrations.ts";
import { hasEnded } from "../local/process-identity.ts";
import { DatabaseSync } from "../local/sqlite.ts";
import { describeSqliteError } from "../local/sqlite-errors.ts";
import { processIdentity } from "../operations/fields.ts";
import { makeLasting } from "./move-in.ts";
import { CERTIFICATES_FOLDER, PACKAGES_FOLDER } from "./places.ts";
import { columnsOf, quoted, tablesOf } from "./tables.ts";

const LOCK_WAIT_MS = 60_000;

/** What the present holder of the appliance's database goes on with. */
const KEPT = new Set(["server", "device_changes"]);

/**
 * Gives an appliance the rows of an earlier state of itself, in one transaction: whoever serves it or works with it goes
 * on, and sees all of the change or nothing of it. Agents that are connected stay so; the server tells them what holds for
 * them now, and closes the connections of those that are no longer known. The database as it was is kept in `backups/`.
 *
 * @param staging the earlier state, made with the same key
 * @throws ApplianceError `conflict` while a run is in work, and what SQLite and the file system refuse
 */
export async function replaceRows(staging: string, folder: string, now: number): Promise<void> {
  try {
    addMissing(staging, folder);
    const database = new DatabaseSync(join(folder, DATABASE_FILE), { timeout: SQLITE_WAIT_MS });
    try {
      const version = versionOf(database, folder, migrations);
      if (version !== newest(migrations)) {
        throw new ApplianceError({
          code: "conflict",
          message: `the database in ${folder} is of version ${version}, this program writes ${newest(migrations)}`,
          hint: "open it for writing with this program first: `kace serve`, for one",
        });
      }
      requireNoRun(database, now); // before anything is written
      backUp(database, folder, version, now);
      database.exec("PRAGMA synchronous = FULL");
      // Rows come and go table by table; that they belong together is checked at the end.
      database.exec("PRAGMA foreign_keys = OFF");
      database.prepare("ATTACH ? AS staged").run(join(staging, DATABASE_FILE));
      await whenFree(() => transact(database, now), LOCK_WAIT_MS);
    } finally {
      database.close();
    }
  } catch (error) {
    throw describeFileError(describeSqliteError(error, folder), folder);
  }
}

function transact(database: DatabaseSync, now: number): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    requireNoRun(database, now);
    replaceAll(database);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  } finally {
    database.exec("DROP TABLE IF EXISTS temp.connected");
  }
}

function replaceAll(database: DatabaseSync): void {
  database.exec(`
    CREATE TEMP TABLE connected AS
      SELECT kuid, connection_id, instance_id, connected_since, last_seen_at FROM main.devices
      WHERE connection_id IS NOT NULL;
  `);
  const revision = highestRevision(database) + 1;
  for (const table of tablesOf(database)) {
    if (KEPT.has(table)) continue;
    const columns = columnsOf(database, table).map(quoted).join(", ");
    database.exec(`DELETE FROM main.${quoted(table)}`);
    database.exec(`INSERT INTO main.${quoted(table)} (${columns}) SELECT ${columns} FROM staged.${quoted(table)}`);
  }
  database.exec(`
    UPDATE main.devices SET (connection_id, instance_id, connected_since, last_seen_at) =
        (SELECT connection_id, instance_id, connected_since, last_seen_at FROM temp.connected WHERE connected.kuid = devices.kuid)
      WHERE kuid IN (SELECT kuid FROM temp.connected);

    -- A gap in the numbers: the server cannot know what has changed, and compares everything.
    DELETE FROM main.device_changes;
    UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'device_changes';
    INSERT INTO main.device_changes (kuid, state, reason) VALUES ('', NULL, NULL);
  `);
  // Agents are told their settings again, and so are those of organizations that have none now.
  database.prepare("UPDATE main.appliance_settings SET revision = ?").run(revision);
  database.prepare("UPDATE main.agent_settings SET revision = ?").run(revision);
  database
    .prepare(
      `INSERT INTO main.agent_settings (organization, present, revision, updated_at)
        SELECT name, 0, ?, updated_at FROM main.organizations
        WHERE name NOT IN (SELECT organization FROM main.agent_settings)`,
    )
    .run(revision);
  const dangling = database.prepare("PRAGMA main.foreign_key_check").get();
  if (dangling !== undefined) throw new TypeError(`rows of ${String(dangling.table)} belong to nothing`);
}

function highestRevision(database: DatabaseSync): number {
  const row = database
    .prepare(
      "SELECT max(revision) AS revision FROM (SELECT revision FROM main.appliance_settings UNION SELECT revision FROM staged.appliance_settings)",
    )
    .get();
  return Number(row?.revision ?? 0);
}

/** What machines came to in a run that is in work would be lost. */
function requireNoRun(database: DatabaseSync, now: number): void {
  const held = database
    .prepare("SELECT holder, process FROM main.runs WHERE state = 'running' AND lease_until > ?")
    .all(now)
    .find(
      ({ process }) => typeof process !== "string" || hasEnded(processIdentity.parse(JSON.parse(process))) !== true,
    );
  if (held === undefined) return;
  throw new ApplianceError({
    code: "conflict",
    message: `${String(held.holder)} is running a configuration: what it does on machines would be forgotten`,
    hint: "wait until the run has ended, or stop it",
  });
}

/** Packages and certificates that the folder has lost; those it has are what agents trust now. */
function addMissing(staging: string, folder: string): void {
  for (const part of [PACKAGES_FOLDER, CERTIFICATES_FOLDER]) {
    const [from, to] = [join(staging, part), join(folder, part)];
    if (!existsSync(from)) continue;
    mkdirSync(to, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(from)) if (!existsSync(join(to, name))) renameSync(join(from, name), join(to, name));
    makeLasting(to);
  }
}
