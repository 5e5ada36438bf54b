import { closeSync, existsSync, fdatasync, openSync } from "node:fs";

/**
 * The file that SQLite appends every commit to, and what makes it lasting: told to, SQLite waits for the disk itself, and
 * the whole process with it; here the disk is waited for while the process goes on.
 *
 * SQLite writes a commit's pages to this file before its commit returns (https://sqlite.org/wal.html), with
 * `synchronous = NORMAL` without waiting for the disk (https://sqlite.org/pragma.html#pragma_synchronous). The file stays
 * the same one while any connection is open, and has no locks that closing it here would drop.
 *
 * @example connection.exec("COMMIT"); await log.lasting(); // now it survives a power cut
 */
export class WriteAheadLog {
  readonly #path: string;
  #file: number | undefined;
  #underWay = 0;
  #closed = false;
  #failure: Error | undefined;

  /** @param path of the database's log, which is there once something was written */
  constructor(path: string) {
    this.#path = path;
  }

  /** @throws Error where the disk once did not take something: nothing is to be committed any more */
  requireSound(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Resolves once everything is on the disk that was committed before the call.
   * @throws Error what the file system says. After that it is unknown what of the file is on the disk, whatever is said
   * later: every further call throws the same, until the database is opened anew.
   */
  lasting(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const file = this.#open();
      if (file === undefined) return resolve();
      this.#underWay += 1;
      fdatasync(file, (error) => {
        this.#underWay -= 1;
        if (this.#closed) this.#closeFile();
        if (error === null) return resolve();
        this.#failure = error;
        reject(error);
      });
    });
  }

  /** Closes the file, once the disk has answered what it was asked. What was committed before can still be waited for. */
  close(): void {
    this.#closed = true;
    this.#closeFile();
  }

  #open(): number | undefined {
    // Of the last connection that was closed, SQLite has moved everything into the database, and waited for the disk.
    if (this.#closed && !existsSync(this.#path)) return undefined;
    // Windows flushes only what was opened to be written to.
    this.#file ??= openSync(this.#path, "r+");
    return this.#file;
  }

  #closeFile(): void {
    if (this.#file === undefined || this.#underWay > 0) return;
    closeSync(this.#file);
    this.#file = undefined;
  }
}
