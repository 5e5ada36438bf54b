import { statSync } from "node:fs";
import { join } from "node:path";
import type { SQLInputValue } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { ApplianceError } from "../errors.ts";
import { refuseWriting } from "../reading-only.ts";
import {
  checkKeys,
  DATABASE_FILE,
  type Database,
  defaultOrganization,
  noAppliance,
  type Opened,
  versionOf,
} from "./database.ts";
import { describeFileError } from "./file-errors.ts";
import { type Keys, readKeys, unusedKeys } from "./keys.ts";
import { SQLITE_WAIT_MS, whenFree } from "./lock-wait.ts";
import { type Migration, migrate, newest } from "./migrations.ts";
import { build, Queries } from "./query.ts";
import { DatabaseSync } from "./sqlite.ts";
import { describeSqliteError, isDamage } from "./sqlite-errors.ts";

/** How often a file that changes under a reader is read again before the reader takes SQLite's locks. */
const QUIET_ATTEMPTS = 3;

export interface ReadOnlyOptions {
  readonly folder: string;
  /** Refuses a database that is not there. */
  readonly mustExist: boolean;
  readonly lockWaitMs: number;
  readonly migrations: readonly Migration[];
}

/**
 * Reads a database without writing anything anywhere: not even the files that SQLite keeps beside one.
 *
 * Where no other process has it open (there is no write-ahead log with something in it) the file is read as if it could
 * not change, and read again if it did. Otherwise it is read with SQLite's own locks, which live in the files that the
 * other process made. A database that is not there reads as an empty one, unless it must exist; an older one is read through a copy in memory.
 */
export class ReadOnlyDatabase implements Database {
  readonly #options: ReadOnlyOptions;
  readonly #path: string;
  #keys: Keys | undefined;

  constructor(options: ReadOnlyOptions) {
    this.#options = options;
    this.#path = join(options.folder, DATABASE_FILE);
  }

  async read<Result>(work: (opened: Opened) => Result): Promise<Result> {
    const { folder, lockWaitMs } = this.#options;
    try {
      return await whenFree(() => this.#readOnce(work), lockWaitMs);
    } catch (error) {
      throw describeSqliteError(error, folder);
    }
  }

  async write(): Promise<never> {
    throw refuseWriting();
  }

  close(): void {
    // Nothing is held between one read and the next.
  }

  #readOnce<Result>(work: (opened: Opened) => Result): Result {
    for (let attempt = 0; attempt < QUIET_ATTEMPTS; attempt++) {
      const before = stampOf(this.#path);
      if (before === undefined) return this.#withEmpty(work);
      if (stampOf(`${this.#path}-wal`) !== undefined) break;
      const unchanged = () => stampOf(this.#path) === before && stampOf(`${this.#path}-wal`) === undefined;
      const frozen = pathToFileURL(this.#path);
      frozen.searchParams.set("immutable", "1");
      try {
        const result = this.#withFile(frozen, work);
        if (unchanged()) return result;
      } catch (error) {
        // Half of an old state and half of a new one looks like damage.
        if (unchanged() || !(isDamage(error) || error instanceof ApplianceError)) throw error;
      }
    }
    return this.#withFile(pathToFileURL(this.#path), work);
  }

  #withFile<Result>(url: URL, work: (opened: Opened) => Result): Result {
    const { folder, migrations } = this.#options;
    const file = new DatabaseSync(url, { readOnly: true, timeout: SQLITE_WAIT_MS });
    try {
      file.exec("BEGIN");
      const version = versionOf(file, folder, migrations);
      if (version === 0) return this.#withEmpty(work);
      if (version < newest(migrations)) return this.#withCopy(file, version, work);
      return work(this.#opened(new Queries(file)));
    } finally {
      file.close();
    }
  }

  #withCopy<Result>(file: DatabaseSync, version: number, work: (opened: Opened) => Result): Result {
    const copy = new DatabaseSync(":memory:", { enableForeignKeyConstraints: false });
    try {
      copyAll(file, copy);
      migrate(copy, version, this.#options.migrations);
      return work(this.#opened(new Queries(copy)));
    } finally {
      copy.close();
    }
  }

  #withEmpty<Result>(work: (opened: Opened) => Result): Result {
    if (this.#options.mustExist) throw noAppliance(this.#options.folder);
    const empty = new DatabaseSync(":memory:");
    try {
      migrate(empty, 0, this.#options.migrations);
      const queries = new Queries(empty);
      queries.run(build.insertInto("organizations").values(defaultOrganization(0)));
      return work({ queries, keys: unusedKeys() });
    } finally {
      empty.close();
    }
  }

  #opened(queries: Queries): Opened {
    const { folder } = this.#options;
    this.#keys = checkKeys(queries, this.#keys ?? readKeys(folder), folder);
    return { queries, keys: this.#keys };
  }
}

/** What changes whenever a file does; undefined for one that is empty or absent. */
function stampOf(path: string): string | undefined {
  try {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stat === undefined || stat.size === 0n ? undefined : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
  } catch (error) {
    throw describeFileError(error, path);
  }
}

function copyAll(from: DatabaseSync, to: DatabaseSync): void {
  const parts = from
    .prepare(
      "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type = 'table' DESC",
    )
    .all();
  for (const { type, name, sql } of parts) {
    to.exec(String(sql));
    if (type !== "table") continue;
    for (const row of from.prepare(`SELECT * FROM "${String(name)}"`).iterate()) {
      const values: SQLInputValue[] = Object.values(row);
      to.prepare(`INSERT INTO "${String(name)}" VALUES (${values.map(() => "?").join(", ")})`).run(...values);
    }
  }
}
