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

/** From the begin of one commit to that of the next, where several write: what comes one by one shares a commit too. */
const APART_MS = 5;

/** And so much longer, where each look at the sockets brings more to write: a process that has much to do commits less often. */
const MOST_MS = 20;

/** How a connection runs one piece of work, or several together, in a transaction. */
export interface Committer {
  readonly connection: DatabaseSync;
  /** Runs work in a transaction of its own and commits it, waiting for other processes. */
  readonly commit: <Result>(work: () => Result) => Promise<Result>;
  /** Resolves once what was committed is on the disk; the process goes on meanwhile. */
  readonly lasting: () => Promise<void>;
  /** Whether nothing was written because another process holds the database. */
  readonly isHeld: (error: unknown) => boolean;
}

/**
 * Writes what comes at the same time in one transaction: pages that several of them change are written once, and the disk
 * is waited for once. What comes while it is waited for shares the next transaction. Each work still counts whole or not
 * at all by itself, and nobody is answered before the commit is on the disk.
 *
 * @example const group = new GroupCommit(committer); await Promise.all([group.write(one), group.write(other)]);
 */
export class GroupCommit {
  readonly #committer: Committer;
  readonly #waiting: Waiting[] = [];
  #working = false;
  #nextMs = 0;
  /** Whether somebody else wanted to write too, before the last ones were answered. */
  #several = false;

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
    let seen = 0;
    const turn = async () => {
      const begin = performance.now();
      const { length } = this.#waiting;
      if (this.#several && length > seen && length < MOST_TOGETHER && begin < this.#nextMs + MOST_MS) {
        seen = length;
        setImmediate(turn);
        return;
      }
      await this.#together(this.#waiting.splice(0, MOST_TOGETHER));
      // One that writes alone waits for its own answers before it goes on: a rest would only make it slower.
      this.#nextMs = this.#several ? begin + APART_MS : 0;
      this.#working = this.#waiting.length > 0;
      if (this.#working) this.#soon();
    };
    const restMs = this.#nextMs - performance.now();
    if (restMs < 1) setImmediate(turn);
    else setTimeout(turn, restMs);
  }

  async #together(group: readonly Waiting[]): Promise<void> {
    const { connection, commit, lasting, isHeld } = this.#committer;
    if (group.length === 1) return this.#apart(group);
    let outcomes: readonly Outcome[];
    try {
      outcomes = await commit(() => group.map(({ work }) => attempt(connection, work)));
    } catch (error) {
      if (!isHeld(error)) return this.#apart(group);
      for (const { reject } of group) reject(error);
      return;
    }
    try {
      await lasting();
    } catch (error) {
      for (const { reject } of group) reject(error);
      return;
    }
    this.#several = group.length > 1 || this.#waiting.length > 0;
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
        const result = await this.#committer.commit(work);
        await this.#committer.lasting();
        this.#several = group.length > 1 || this.#waiting.length > 0;
        resolve(result);
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
