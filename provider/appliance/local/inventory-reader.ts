import { Worker } from "node:worker_threads";
import { refusedInput } from "../wrong-input.ts";
import type { Readied, ReadyInventory } from "./ready-inventory.ts";

/** So many are with the thread at most: the first of them waits for the last. */
const MOST_TOGETHER = 100;

/** What an inventory is read into lives briefly; in MB. */
const YOUNG_MB = 8;

/** Beside this module; the build puts it into one file, beside the one that this module is in. */
const PROGRAM = new URL(`./inventory-thread.${import.meta.url.endsWith(".ts") ? "ts" : "mjs"}`, import.meta.url);

interface Asked {
  readonly text: string;
  readonly resolve: (ready: ReadyInventory) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads inventories in a thread of its own, which is started for the first of them: a process that serves thousands of
 * agents has other things to do. What comes while the thread is at work is handed to it together.
 *
 * @example const { content } = await new InventoryReader().read(text);
 */
export class InventoryReader {
  readonly #program: URL;
  readonly #waiting: Asked[] = [];
  #thread: Worker | undefined;
  #underWay: readonly Omit<Asked, "text">[] = [];

  /** @param program of the thread; tests give others */
  constructor(program = PROGRAM) {
    this.#program = program;
  }

  /**
   * The inventory of a JSON text, ready to be kept.
   * @throws ApplianceError `invalid`, with what is wrong with it; Error where the thread has ended
   */
  read(text: string): Promise<ReadyInventory> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject });
      if (this.#underWay.length === 0) this.#handOver();
    });
  }

  #handOver(): void {
    const asked = this.#waiting.splice(0, MOST_TOGETHER);
    // The texts are the thread's now.
    this.#underWay = asked.map(({ resolve, reject }) => ({ resolve, reject }));
    if (asked.length === 0) {
      this.#thread?.unref();
      return;
    }
    this.#thread ??= this.#start();
    this.#thread.ref();
    this.#thread.postMessage(asked.map(({ text }) => text));
  }

  #start(): Worker {
    const thread = new Worker(this.#program, {
      name: "inventories",
      // Nothing of how this process was started is meant for it.
      argv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    thread.on("message", (readied: readonly Readied[]) => {
      const asked = this.#underWay;
      this.#handOver();
      for (const [index, { resolve, reject }] of asked.entries()) {
        const one = readied[index];
        if (one !== undefined && "content" in one) resolve(one);
        else
          reject(
            refusedInput("recordInventory", one?.problems ?? [{ path: ["inventory"], message: "it was not read" }]),
          );
      }
    });
    const ended = (error: Error) => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      for (const { reject } of this.#underWay) reject(error);
      // Whoever waits gets another thread.
      this.#handOver();
    };
    thread.on("error", ended);
    thread.on("exit", (code) => ended(new Error(`the thread that reads inventories has ended with exit code ${code}`)));
    return thread;
  }
}
