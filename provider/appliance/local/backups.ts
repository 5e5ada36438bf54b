import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";

export const BACKUP_FOLDER = "backups";

/** How many are kept: the latest ones. */
const BACKUPS_KEPT = 5;

/**
 * Keeps a database as it is before its schema is changed, whole or not at all, beside it in `backups/`. Like the
 * database itself it is of use only with the key of the folder, which does not change.
 *
 * @param version of the schema it has
 * @param now milliseconds since 1970
 * @throws what SQLite and the file system throw, a full disk for one: then nothing is changed either
 */
export function backUp(database: DatabaseSync, folder: string, version: number, now: number): void {
  const backups = join(folder, BACKUP_FOLDER);
  mkdirSync(backups, { recursive: true, mode: 0o700 });
  const moment = new Date(now).toISOString().replaceAll(/[:.]/g, "-");
  const name = `appliance-${moment}-version-${version}.db`;
  const draft = join(backups, `${name}.${process.pid}.part`);
  try {
    database.prepare("VACUUM INTO ?").run(draft);
    chmodSync(draft, 0o600);
    renameSync(draft, join(backups, name));
  } finally {
    rmSync(draft, { force: true });
  }
  const kept = readdirSync(backups).filter((file) => file.endsWith(".db"));
  for (const old of kept.sort().slice(0, -BACKUPS_KEPT)) rmSync(join(backups, old), { force: true });
}
