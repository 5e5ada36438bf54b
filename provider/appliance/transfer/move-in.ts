import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ApplianceError } from "../errors.ts";
import { DATABASE_FILE, versionOf } from "../local/database.ts";
import { describeFileError } from "../local/file-errors.ts";
import { KEY_FILE } from "../local/keys.ts";
import { SQLITE_WAIT_MS, whenFree } from "../local/lock-wait.ts";
import { migrations } from "../local/migrations.ts";
import { DatabaseSync } from "../local/sqlite.ts";
import { describeSqliteError, isBusy } from "../local/sqlite-errors.ts";
import { CERTIFICATES_FOLDER, PACKAGES_FOLDER } from "./places.ts";
import { contentsOf, notEmpty } from "./settle.ts";
import { tablesOf } from "./tables.ts";

const LOCK_WAIT_MS = 3_000;

/**
 * Moves an unpacked appliance into a folder that has none, or one that was never used. Whenever it is interrupted, the
 * folder has what it had (nothing, or an empty appliance), or everything.
 *
 * @param hint for whoever's folder is not empty
 * @throws ApplianceError `conflict` where the folder has something already, or somebody uses it
 */
export async function moveIn(staging: string, folder: string, hint: string): Promise<void> {
  const path = join(folder, DATABASE_FILE);
  try {
    if (!existsSync(path)) {
      moveAll(staging, folder);
      return;
    }
    const present = new DatabaseSync(path, { timeout: SQLITE_WAIT_MS });
    try {
      // Whoever serves an appliance that is not empty need not stop: it is refused without its server, too.
      requireEmpty(present, folder, hint);
      await whenFree(() => keepOthersOut(present), LOCK_WAIT_MS);
      requireEmpty(present, folder, hint);
      moveAll(staging, folder);
    } finally {
      present.close();
    }
  } catch (error) {
    if (isBusy(error)) throw inUse(folder, error);
    throw describeFileError(describeSqliteError(error, folder), folder);
  }
}

function requireEmpty(database: DatabaseSync, folder: string, hint: string): void {
  if (versionOf(database, folder, migrations) === 0) return;
  const contents = contentsOf(database, tablesOf(database));
  if (contents.length > 0) throw notEmpty(folder, contents, hint);
}

/** Leaving the write-ahead log is possible only for whoever has the database for themselves. */
function keepOthersOut(database: DatabaseSync): void {
  database.exec("PRAGMA journal_mode = DELETE");
  database.exec("BEGIN EXCLUSIVE");
}

function moveAll(staging: string, folder: string): void {
  for (const part of [PACKAGES_FOLDER, CERTIFICATES_FOLDER]) moveFolder(join(staging, part), join(folder, part));
  // Without a database the folder has no appliance, so that the key of another one may come; the database is the last.
  for (const name of [DATABASE_FILE, `${DATABASE_FILE}-wal`, `${DATABASE_FILE}-shm`])
    rmSync(join(folder, name), { force: true });
  renameSync(join(staging, KEY_FILE), join(folder, KEY_FILE));
  renameSync(join(staging, DATABASE_FILE), join(folder, DATABASE_FILE));
  makeLasting(folder);
}

function moveFolder(from: string, to: string): void {
  if (!existsSync(from)) return;
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(from)) renameSync(join(from, name), join(to, name));
  makeLasting(to);
}

/** Puts what has moved in a folder on the disk. */
export function makeLasting(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function inUse(folder: string, cause: unknown): ApplianceError {
  return new ApplianceError({
    code: "conflict",
    message: `another process uses the appliance in ${folder}`,
    hint: "stop `kace serve` and every run that uses it, and try again: one that is empty is replaced as a whole",
    cause,
  });
}
