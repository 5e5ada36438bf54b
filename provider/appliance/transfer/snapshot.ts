import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ApplianceError } from "../errors.ts";
import { DATABASE_FILE, hasAppliance, noAppliance, versionOf } from "../local/database.ts";
import { describeFileError } from "../local/file-errors.ts";
import { KEY_FILE, readKeys } from "../local/keys.ts";
import { SQLITE_WAIT_MS, whenFree } from "../local/lock-wait.ts";
import { migrations as allMigrations, type Migration } from "../local/migrations.ts";
import { DatabaseSync } from "../local/sqlite.ts";
import { describeSqliteError } from "../local/sqlite-errors.ts";
import { CERTIFICATES_FOLDER, PACKAGES_FOLDER } from "./places.ts";

/** How long writers are waited for. */
const LOCK_WAIT_MS = 60_000;

/** All of an appliance at one moment, in a folder of its own. */
export interface Snapshot {
  /** Of the database's schema. */
  readonly schema: number;
  /** SHA-256 of packages whose content the database names and the appliance does not have any more. */
  readonly missing: readonly string[];
}

/**
 * Takes an appliance as it is at one moment, whatever serves it and writes to it meanwhile: the database, its key, the
 * certificates and the packages.
 *
 * @param folder of the appliance
 * @param staging an empty folder of the same file system
 * @throws ApplianceError `not-found` where there is none, and what opening a store throws
 */
export async function takeSnapshot(
  folder: string,
  staging: string,
  migrations: readonly Migration[] = allMigrations,
): Promise<Snapshot> {
  const copy = join(staging, DATABASE_FILE);
  try {
    let before = "";
    for (;;) {
      await copyDatabase(join(folder, DATABASE_FILE), copy);
      const { schema, contents } = inspect(copy, folder, migrations);
      const missing = takePackages(folder, staging, contents);
      // What went after the moment of the database is not in the next copy; what is missing in both was lost before.
      if (missing.join() !== before) {
        before = missing.join();
        rmSync(copy);
        continue;
      }
      takeKey(folder, staging);
      takeCertificates(folder, staging);
      return { schema, missing };
    }
  } catch (error) {
    throw describeFileError(describeSqliteError(error, folder), folder);
  }
}

const HINT = "name its folder with --database, on the machine that has it";

/** For before anything is made in a folder. @throws ApplianceError `not-found` where it has no appliance */
export function requireAppliance(folder: string): void {
  if (!hasAppliance(folder)) throw noAppliance(folder, HINT);
}

async function copyDatabase(from: string, to: string): Promise<void> {
  const database = new DatabaseSync(from, { timeout: SQLITE_WAIT_MS });
  try {
    await whenFree(() => {
      rmSync(to, { force: true });
      database.prepare("VACUUM INTO ?").run(to);
    }, LOCK_WAIT_MS);
  } finally {
    database.close();
  }
  chmodSync(to, 0o600);
}

function inspect(copy: string, folder: string, migrations: readonly Migration[]) {
  const database = new DatabaseSync(copy, { readOnly: true });
  try {
    const schema = versionOf(database, folder, migrations);
    if (schema === 0) throw noAppliance(folder, HINT);
    const rows = database.prepare("SELECT sha256 FROM package_contents ORDER BY sha256").all();
    return { schema, contents: rows.map(({ sha256 }) => String(sha256)) };
  } finally {
    database.close();
  }
}

/** Gives those that are not there. */
function takePackages(folder: string, staging: string, contents: readonly string[]): string[] {
  const taken = join(staging, PACKAGES_FOLDER);
  mkdirSync(taken, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(taken)) if (!contents.includes(name)) rmSync(join(taken, name));
  return contents.filter((sha256) => {
    const [from, to] = [join(folder, PACKAGES_FOLDER, sha256), join(taken, sha256)];
    return !existsSync(to) && !linked(from, to);
  });
}

/** A second name for a file takes no time and no room, and stays when the first one goes. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

function takeKey(folder: string, staging: string): void {
  if (readKeys(folder) === undefined) {
    throw new ApplianceError({
      code: "corrupt",
      message: `the key in ${folder} is missing`,
      hint: "restore the database and its key together from one backup",
    });
  }
  copyFileSync(join(folder, KEY_FILE), join(staging, KEY_FILE));
}

function takeCertificates(folder: string, staging: string): void {
  const [from, to] = [join(folder, CERTIFICATES_FOLDER), join(staging, CERTIFICATES_FOLDER)];
  mkdirSync(to, { mode: 0o700 });
  if (!existsSync(from)) return;
  for (const name of readdirSync(from)) if (name.endsWith(".pem")) copyFileSync(join(from, name), join(to, name));
}
