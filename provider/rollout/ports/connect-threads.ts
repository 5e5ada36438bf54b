import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type Connect, type ConnectAnswer, connectTcp } from "./connect.ts";
import type { Orders, Reports } from "./connect-thread.ts";

/** How many threads, and from how many answers on. */
export interface ConnectThreadsOptions {
  /** Default 2, where the machine has as many processors, else none. */
  readonly threads?: number;
  /** How many ports must have answered before the threads are started. Default 1024. */
  readonly after?: number;
}

/**
 * Two share the work of connecting; the caller's own thread has enough to do with the answers. More gain nothing where
 * the kernel's part, which they share, is the larger one.
 */
const THREADS = 2;
/**
 * A sweep that meets this many machines is large, and the threads cost less than they save. Silent addresses are not
 * counted: a sweep that waits has time.
 */
const AFTER_ANSWERS = 1_024;

/**
 * Connects as {@link connectTcp} does, at first on this thread, and once many ports have answered on threads of its
 * own. Where none can be started it goes on by itself.
 *
 * @example const threads = new ConnectThreads(); threads.connect("192.168.2.1", 22, answered); await threads.close();
 */
export class ConnectThreads {
  readonly #wanted: number;
  readonly #after: number;
  readonly #threads: Thread[] = [];
  #answers = 0;
  #turn = 0;

  constructor({ threads, after }: ConnectThreadsOptions = {}) {
    this.#wanted = threads ?? (availableParallelism() < THREADS ? 0 : THREADS);
    this.#after = after ?? AFTER_ANSWERS;
  }

  readonly connect: Connect = (address, port, answered) => {
    const thread = this.#next();
    if (thread !== undefined) return thread.connect(address, port, answered);
    return connectTcp(address, port, (answer) => {
      this.#count(answer);
      answered(answer);
    });
  };

  /** How many connections are on the threads. */
  get onThreads(): number {
    return this.#threads.reduce((sum, { open }) => sum + open, 0);
  }

  /** Ends the threads, with whatever is still open there. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #count(answer: ConnectAnswer): void {
    if (answer.kind !== "state" || answer.state === "filtered") return;
    this.#answers += 1;
    if (this.#answers !== this.#after) return;
    for (let count = 0; count < this.#wanted; count += 1) this.#threads.push(new Thread());
  }

  /** They take turns; those that are not ready yet, or are no more, are left out. */
  #next(): Thread | undefined {
    for (let tried = 0; tried < this.#threads.length; tried += 1) {
      this.#turn = (this.#turn + 1) % this.#threads.length;
      const thread = this.#threads[this.#turn];
      if (thread?.isReady === true) return thread;
    }
    return undefined;
  }
}

/** In the bundle it lies beside the provider, as a program of its own. */
const PROGRAM = new URL(`./connect-thread.${import.meta.url.endsWith(".ts") ? "ts" : "mjs"}`, import.meta.url);

class Thread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (answer: ConnectAnswer) => void>();
  #lastId = 0;
  #ids: number[] = [];
  #addresses: string[] = [];
  #ports: number[] = [];
  #givenUp: number[] = [];
  #isToSend = false;
  isReady = false;

  constructor() {
    this.#worker = new Worker(PROGRAM, { name: "ports" });
    this.#worker.on("message", (reports: Reports) => {
      // The first says that the thread listens. What was asked before would wait for that, and look like silence.
      this.isReady = true;
      this.#hear(reports);
    });
    // One that cannot be started was given nothing to do. Once it was, what it had is not known any more.
    this.#worker.once("error", (error: Error) => this.#fail(error));
    this.#worker.once("exit", () => this.#fail(new Error("a thread that connects ended")));
  }

  get open(): number {
    return this.#waiting.size;
  }

  connect(address: string, port: number, answered: (answer: ConnectAnswer) => void): () => void {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#waiting.set(id, answered);
    this.#ids.push(id);
    this.#addresses.push(address);
    this.#ports.push(port);
    this.#sendSoon();
    return () => {
      if (!this.#waiting.delete(id)) return;
      this.#givenUp.push(id);
      this.#sendSoon();
    };
  }

  async close(): Promise<void> {
    this.isReady = false;
    this.#waiting.clear();
    await this.#worker.terminate();
  }

  #hear({ ids, answers }: Reports): void {
    for (const [index, id] of ids.entries()) {
      const answer = answers[index];
      const answered = this.#waiting.get(id);
      if (answer === undefined || answered === undefined) continue; // given up while the answer was on its way
      this.#waiting.delete(id);
      answered(typeof answer === "string" ? { kind: "state", state: answer } : answer);
    }
  }

  #fail(error: Error): void {
    this.isReady = false;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const answered of waiting) answered({ kind: "fault", error });
  }

  /** All that one turn of the caller asks for goes in one message. */
  #sendSoon(): void {
    if (this.#isToSend) return;
    this.#isToSend = true;
    queueMicrotask(() => this.#send());
  }

  #send(): void {
    this.#isToSend = false;
    const orders: Orders = {
      ids: this.#ids,
      addresses: this.#addresses,
      ports: this.#ports,
      givenUp: this.#givenUp,
    };
    this.#ids = [];
    this.#addresses = [];
    this.#ports = [];
    this.#givenUp = [];
    this.#worker.postMessage(orders);
  }
}
