import type { DatabaseSync } from "./sqlite.ts";

/** Work that wants to write, and whoever waits for it. */
interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly result: unknown } | { readonly error: unknown };

/** So many works share a commit at most: the process does nothing else meanwhile. */
const MOST_TOGETHER = 200;

/** After works that shared a commit, so long at most comes what else the process has to do before the next one. */
const MOST_REST_MS = 10;

/** How a connection runs one piece of work, or several together, in a transaction. */
export interface Committer {
  readonly connection: DatabaseSync;
  /** Runs work in a transaction of its own and commits it, waiting for other processes. */
  readonly commit: <Result>(work: () => Result) => Promise<Result>;
  /** Whether nothing was written because another process holds the database. */
  readonly isHeld: (error: unknown) => boolean;
}

/**
 * Writes what comes at the same time in one transaction, since it is the commit that takes the time: it waits for the
 * disk, and the process with it. Where many write, the commits take half of the time at most, so that what arrives
 * meanwhile is read, and shares the next one. Each work still counts whole or not at all by itself, and nobody is
 * answered before the commit is on the disk.
 *
 * @example const group = new GroupCommit(committer); await Promise.all([group.write(one), group.write(other)]);
 */
export class GroupCommit {
  readonly #committer: Committer;
  readonly #waiting: Waiting[] = [];
  #working = false;
  #restUntilMs = 0;

  constructor(committer: Committer) {
    this.#committer = committer;
  }

  /** Runs work soon, together with what else is waiting then. @throws what the work throws, or the commit */
  write<Result>(work: () => Result): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      // What is given to `resolve` is what this very work gave.
      this.#waiting.push({ work, resolve: (result) => resolve(result as Result), reject });
      if (this.#working) return;
      this.#working = true;
      this.#soon();
    });
  }

  /** Refuses what is waiting; a commit that is under way is not affected. */
  refuse(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** After everything has been read that the sockets have by now: what it leads to is written together. */
  #soon(): void {
    const turn = async () => {
      const group = this.#waiting.splice(0, MOST_TOGETHER);
      const begin = performance.now();
      await this.#together(group);
      const end = performance.now();
      // One that writes alone waits for its own answers before it goes on: a rest would only make it slower.
      this.#restUntilMs = group.length > 1 ? end + Math.min(end - begin, MOST_REST_MS) : 0;
      this.#working = this.#waiting.length > 0;
      if (this.#working) this.#soon();
    };
    const restMs = this.#restUntilMs - performance.now();
    if (restMs < 1) setImmediate(turn);
    else setTimeout(turn, restMs);
  }

  async #together(group: readonly Waiting[]): Promise<void> {
    const { connection, commit, isHeld } = this.#committer;
    if (group.length === 1) return this.#apart(group);
    let outcomes: readonly Outcome[];
    try {
      outcomes = await commit(() => group.map(({ work }) => attempt(connection, work)));
    } catch (error) {
      if (!isHeld(error)) return this.#apart(group);
      for (const { reject } of group) reject(error);
      return;
    }
    for (const [index, { resolve, reject }] of group.entries()) {
      const outcome = outcomes[index];
      if (outcome !== undefined && "result" in outcome) resolve(outcome.result);
      else reject(outcome?.error);
    }
  }

  /** Each in a transaction of its own, so that what ends the one, such as a disk that is full, is not the other's. */
  async #apart(group: readonly Waiting[]): Promise<void> {
    for (const { work, resolve, reject } of group) {
      try {
        resolve(await this.#committer.commit(work));
      } catch (error) {
        reject(error);
      }
    }
  }
}

/** Undoes what a work has written where it fails, and only that. @throws where SQLite has undone everything */
function attempt(connection: DatabaseSync, work: () => unknown): Outcome {
  connection.exec("SAVEPOINT work");
  try {
    const result = work();
    connection.exec("RELEASE work");
    return { result };
  } catch (error) {
    if (!connection.isTransaction) throw error;
    connection.exec("ROLLBACK TO work; RELEASE work");
    return { error };
  }
}
