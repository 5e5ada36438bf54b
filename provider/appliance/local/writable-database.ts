import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { ApplianceError } from "../errors.ts";
import { backUp } from "./backups.ts";
import {
  APPLICATION_ID,
  bindKeys,
  checkKeys,
  DATABASE_FILE,
  type Database,
  defaultOrganization,
  noAppliance,
  type Opened,
  versionOf,
} from "./database.ts";
import { describeFileError } from "./file-errors.ts";
import { GroupCommit } from "./group-commit.ts";
import { makeKeys, readKeys } from "./keys.ts";
import { SQLITE_WAIT_MS, whenFree } from "./lock-wait.ts";
import { type Migration, migrate, newest } from "./migrations.ts";
import { build, Queries } from "./query.ts";
import { DatabaseSync } from "./sqlite.ts";
import { describeSqliteError, isBusy } from "./sqlite-errors.ts";
import { WriteAheadLog } from "./write-ahead-log.ts";

export interface WritableOptions {
  readonly folder: string;
  /** Refuses a database that nothing is in. Default false. */
  readonly mustExist?: boolean;
  /** How long to wait for other processes. */
  readonly lockWaitMs: number;
  /** Of the entries that a new database has from the start, milliseconds since 1970. */
  readonly now: number;
  readonly migrations: readonly Migration[];
  /** Refuses by throwing to bring a database up to date that somebody works with. Default: nobody does. */
  readonly beforeMigration?: (database: DatabaseSync) => void;
}

/**
 * Opens a database to write, and makes it where there is none; several processes may do so at once.
 *
 * @throws ApplianceError `not-found` where there is none and it must exist, `conflict` by `beforeMigration`, `locked`, `read-only`, `newer-version`, `corrupt`, `disk-full`, `permission-denied`
 */
export async function openWritable(options: WritableOptions): Promise<Database> {
  const { folder, lockWaitMs } = options;
  const path = join(folder, DATABASE_FILE);
  try {
    makeFolder(folder);
    // SQLite gives its other files the permissions of this one.
    closeSync(openSync(path, "a", 0o600));
  } catch (error) {
    throw describeFileError(error, folder);
  }
  let database: DatabaseSync | undefined;
  try {
    const connection = new DatabaseSync(path, { timeout: SQLITE_WAIT_MS });
    database = connection;
    const opened = await whenFree(() => prepare(connection, options), lockWaitMs);
    // From here on it is the log that waits for the disk after a commit.
    connection.exec("PRAGMA synchronous = NORMAL");
    return new WritableDatabase(connection, opened, options);
  } catch (error) {
    database?.close();
    throw describeSqliteError(error, folder);
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    // On a read-only file system Node says of a folder that is to be made that it does not exist.
    let parent = dirname(folder);
    while (!existsSync(parent) && dirname(parent) !== parent) parent = dirname(parent);
    accessSync(parent, constants.W_OK);
    throw error;
  }
}

function prepare(connection: DatabaseSync, options: WritableOptions): Opened {
  const { folder, mustExist = false, now, migrations, beforeMigration = () => undefined } = options;
  const version = versionOf(connection, folder, migrations);
  if (mustExist && version === 0) throw noAppliance(folder);
  connection.exec("PRAGMA journal_mode = WAL");
  // What was answered survives a power cut: a token that is in the state of a stack must not be lost here.
  connection.exec("PRAGMA synchronous = FULL");
  // What a savepoint may have to undo lies in 64 kB each time otherwise, which connections that come then inherit: memory
  // that was written to counts, also where nothing of theirs is.
  connection.exec("PRAGMA temp_store = MEMORY");
  const queries = new Queries(connection);
  if (version === newest(migrations)) return { queries, keys: checkKeys(queries, readKeys(folder), folder) };
  // Outside of the transaction, in which SQLite cannot copy; who is quicker meanwhile has made a copy of their own.
  if (version > 0) {
    beforeMigration(connection);
    backUp(connection, folder, version, now);
  }
  return transact(connection, "BEGIN IMMEDIATE", () => {
    // Another process may have been quicker.
    const from = versionOf(connection, folder, migrations);
    if (from > 0 && from < newest(migrations)) beforeMigration(connection);
    migrate(connection, from, migrations);
    if (from > 0) return { queries, keys: checkKeys(queries, readKeys(folder), folder) };
    connection.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    const keys = makeKeys(folder);
    bindKeys(queries, keys);
    queries.run(build.insertInto("organizations").values(defaultOrganization(now)));
    return { queries, keys };
  });
}

class WritableDatabase implements Database {
  readonly #connection: DatabaseSync;
  readonly #opened: Opened;
  readonly #options: WritableOptions;
  readonly #group: GroupCommit;
  readonly #log: WriteAheadLog;

  constructor(connection: DatabaseSync, opened: Opened, options: WritableOptions) {
    this.#connection = connection;
    this.#opened = opened;
    this.#options = options;
    const log = new WriteAheadLog(`${join(options.folder, DATABASE_FILE)}-wal`);
    this.#log = log;
    this.#group = new GroupCommit({
      connection,
      commit: async (work) => {
        log.requireSound();
        return whenFree(() => transact(connection, "BEGIN IMMEDIATE", work), options.lockWaitMs);
      },
      lasting: () => log.lasting(),
      isHeld: isBusy,
    });
  }

  read<Result>(work: (opened: Opened) => Result): Promise<Result> {
    const { lockWaitMs } = this.#options;
    return this.#described(whenFree(() => transact(this.#connection, "BEGIN", () => work(this.#opened)), lockWaitMs));
  }

  write<Result>(work: (opened: Opened) => Result): Promise<Result> {
    return this.#described(this.#group.write(() => work(this.#opened)));
  }

  close(): void {
    this.#group.refuse(
      new ApplianceError({ code: "unavailable", message: "the appliance was closed before this was written" }),
    );
    this.#log.close();
    if (this.#connection.isOpen) this.#connection.close();
  }

  async #described<Result>(result: Promise<Result>): Promise<Result> {
    try {
      return await result;
    } catch (error) {
      const { folder } = this.#options;
      throw describeFileError(describeSqliteError(error, folder), folder);
    }
  }
}

function transact<Result>(connection: DatabaseSync, begin: string, work: () => Result): Result {
  connection.exec(begin);
  try {
    const result = work();
    connection.exec("COMMIT");
    return result;
  } catch (error) {
    // After some errors, a full disk among them, SQLite has rolled back by itself.
    if (connection.isTransaction) connection.exec("ROLLBACK");
    throw error;
  }
}
