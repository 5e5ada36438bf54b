import { statSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { ApplianceError } from "../errors.ts";
import { DEFAULT_ORGANIZATION } from "../operations/fields.ts";
import { describeFileError } from "./file-errors.ts";
import type { Keys } from "./keys.ts";
import { type Migration, newest } from "./migrations.ts";
import { build, type Queries } from "./query.ts";

export const DATABASE_FILE = "appliance.db";

/** "KACE" as SQLite's application_id: a database of another program is never written to. */
export const APPLICATION_ID = 0x4b414345;

/** The row of `meta` that says which key a database is bound to. */
export const KEY_CHECK = "key-check";

/** What work within a transaction is given. */
export interface Opened {
  readonly queries: Queries;
  readonly keys: Keys;
}

/** A database, whether it may be written to or not. */
export interface Database {
  /** Runs work in one transaction: all of it counts or nothing. The work may be run again, and is not to await. */
  read<Result>(work: (opened: Opened) => Result): Promise<Result>;
  /** As {@link read}, with the only write lock there is. @throws ApplianceError `read-only` */
  write<Result>(work: (opened: Opened) => Result): Promise<Result>;
  close(): void;
}

/**
 * The version of a database's schema; 0 where there is nothing in it yet.
 * @throws ApplianceError `newer-version`, or `corrupt` where it is another program's
 */
export function versionOf(database: DatabaseSync, folder: string, steps: readonly Migration[]): number {
  const version = pragma(database, "user_version");
  const application = pragma(database, "application_id");
  const foreign =
    application !== APPLICATION_ID &&
    (application !== 0 || database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() !== undefined);
  if (foreign) {
    throw new ApplianceError({
      code: "corrupt",
      message: `${DATABASE_FILE} in ${folder} is the database of another program`,
      hint: "set `database` to a new folder",
    });
  }
  if (version > newest(steps)) {
    throw new ApplianceError({
      code: "newer-version",
      message: `the appliance's database in ${folder} is of version ${version}; this program knows ${newest(steps)}`,
      hint: "use the newer version of this program that wrote it, for the plugin and for `kace` alike",
    });
  }
  return version;
}

/** Whether something has begun to be an appliance in a folder. @throws ApplianceError `permission-denied` */
export function hasAppliance(folder: string): boolean {
  const path = join(folder, DATABASE_FILE);
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw describeFileError(error, path);
  }
}

/**
 * The answer to who asks for the appliance of a folder that has none.
 * @param hint for what works on nothing but a folder; else a server may be meant just as well
 */
export function noAppliance(
  folder: string,
  hint = "name its folder with --database, or its server with --endpoint; `kace serve` makes a new one, and so does the first `pulumi up`",
): ApplianceError {
  return new ApplianceError({ code: "not-found", message: `there is no appliance in ${folder}`, hint });
}

/** The organization that a new database has from the start. */
export function defaultOrganization(now: number) {
  return { name: DEFAULT_ORGANIZATION, description: null, urn: null, created_at: now, updated_at: now };
}

/** Records in a new database which keys its secrets are encrypted with. */
export function bindKeys(queries: Queries, keys: Keys): void {
  queries.run(build.insertInto("meta").values({ key: KEY_CHECK, value: keys.fingerprint(KEY_CHECK, "meta") }));
}

/**
 * Checks that keys are those of a database.
 * @throws ApplianceError `corrupt`
 */
export function checkKeys(queries: Queries, keys: Keys | undefined, folder: string): Keys {
  const bound = queries.first(build.selectFrom("meta").select("value").where("key", "=", KEY_CHECK));
  if (keys !== undefined && bound?.value === keys.fingerprint(KEY_CHECK, "meta")) return keys;
  throw new ApplianceError({
    code: "corrupt",
    message: `the key in ${folder} ${keys === undefined ? "is missing" : "is not the one that its database was made with"}`,
    hint: "restore the database and its key together from one backup",
  });
}

function pragma(database: DatabaseSync, name: "user_version" | "application_id"): number {
  const value = database.prepare(`PRAGMA ${name}`).get()?.[name];
  return typeof value === "number" ? value : 0;
}
