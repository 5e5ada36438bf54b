import { existsSync } from "node:fs";
import { join } from "node:path";
import { DATABASE_FILE, KEY_CHECK } from "../local/database.ts";
import { DatabaseSync } from "../local/sqlite.ts";
import { describeSqliteError } from "../local/sqlite-errors.ts";
import type { TransferOptions } from "./backup.ts";
import { moveIn } from "./move-in.ts";
import { readArchive } from "./read-archive.ts";
import { replaceRows } from "./replace-rows.ts";
import { contentsOf, notEmpty, settle } from "./settle.ts";
import { withStaging } from "./staging.ts";
import { tablesOf } from "./tables.ts";

/** What was restored. */
export interface Restored {
  /** RFC 3339: the moment that everything is of now. */
  readonly madeAt: string;
  /** `again`: an appliance has an earlier state of its own; `anew`: one was made in a folder that had none. */
  readonly how: "again" | "anew";
}

const HINT = "`kace backup` keeps it; then restore into a new folder, with --database";

/**
 * Restores a backup: into a folder that has no appliance yet, or into the appliance that it was made of, whatever serves
 * it. All of the backup is checked before anything is changed.
 *
 * @throws ApplianceError `invalid`, `newer-version`, `conflict` where the folder has another appliance or a run is in work
 */
export function restoreAppliance({
  folder,
  path,
  now,
  who,
}: TransferOptions & { readonly who: string }): Promise<Restored> {
  return withStaging(folder, async (staging) => {
    const { header } = await readArchive(path, "backup", staging);
    await settle(staging, path, { what: "restore", who, madeAt: header.madeAt, now });
    const present = keyCheckOf(folder);
    if (present === undefined || present.isEmpty) {
      await moveIn(staging, folder, HINT);
      return { madeAt: header.madeAt, how: "anew" };
    }
    if (present.keyCheck !== keyCheckOf(staging)?.keyCheck) throw notEmpty(folder, present.contents, HINT);
    await replaceRows(staging, folder, now);
    return { madeAt: header.madeAt, how: "again" };
  });
}

/** Which key a database is bound to, and what it has; undefined where there is none. */
function keyCheckOf(folder: string) {
  const path = join(folder, DATABASE_FILE);
  if (!existsSync(path)) return undefined;
  try {
    const database = new DatabaseSync(path, { timeout: 5_000 });
    try {
      const tables = tablesOf(database);
      if (!tables.includes("meta")) return { isEmpty: true, contents: [], keyCheck: undefined };
      const keyCheck = database.prepare("SELECT value FROM meta WHERE key = ?").get(KEY_CHECK)?.value;
      const contents = contentsOf(database, tables);
      return { isEmpty: contents.length === 0, contents, keyCheck };
    } finally {
      database.close();
    }
  } catch (error) {
    throw describeSqliteError(error, folder);
  }
}
