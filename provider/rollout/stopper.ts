import { setMaxListeners } from "node:events";
import type { Clock } from "./clock.ts";
import type { Stop } from "./stop.ts";
import { messageOf } from "./stop.ts";

/** How long a world may take to end its work once it was told to end it now. */
const LAST_WORDS_MS = 5_000;

/** What may end a run before its time. */
export interface StopperOptions {
  readonly clock: Clock;
  readonly deadlineMs: number | undefined;
  readonly signal: AbortSignal;
  readonly abortSignal: AbortSignal | undefined;
  readonly cancelGraceMs: number;
  readonly onStop: (stop: Stop) => void;
}

/**
 * Knows why and how far a run has to stop: first no further machine is begun (`begins`), then looks end (`looks`), then
 * work ends (`work`), and at last nothing is waited for any more.
 */
export class Stopper {
  /** Why no further machine is begun. The first reason stays. */
  stop: Stop | undefined;
  readonly #begins = new AbortController();
  readonly #looks = new AbortController();
  readonly #work = new AbortController();
  readonly #options: StopperOptions;
  readonly #timers: (() => void)[] = [];
  /** Work that is waited for: what to call when it is not waited for any more. */
  readonly #waiting = new Set<() => void>();
  #abandoned = false;

  constructor(options: StopperOptions) {
    this.#options = options;
    for (const { signal } of [this.#begins, this.#looks, this.#work]) setMaxListeners(0, signal);
    const { deadlineMs, signal, abortSignal } = options;
    if (deadlineMs !== undefined) this.#after(deadlineMs, () => this.halt({ kind: "deadline", deadlineMs }));
    signal.addEventListener("abort", this.#cancel);
    abortSignal?.addEventListener("abort", this.#abort);
    if (signal.aborted) this.#cancel();
    if (abortSignal?.aborted === true) this.#abort();
  }

  /** Aborted once no further machine is begun. */
  get begins(): AbortSignal {
    return this.#begins.signal;
  }

  /** Aborted once the run is cancelled. */
  get looks(): AbortSignal {
    return this.#looks.signal;
  }

  /** Aborted once the time of grace after it is over. */
  get work(): AbortSignal {
    return this.#work.signal;
  }

  /** No further machine is begun from now on. */
  halt(stop: Stop): void {
    if (this.stop === undefined) {
      this.stop = stop;
      this.#options.onStop(stop);
    }
    this.#begins.abort();
  }

  /**
   * Waits for work, but not for work that does not end although it was told to long ago: `undefined` then. What such
   * work still throws is given to `late`.
   */
  async patiently<T>(work: Promise<T>, late: (error: unknown) => void): Promise<T | undefined> {
    // No Promise.race: the long-lived promise of the end would hold on to every work that ever raced it.
    return await new Promise((resolve, reject) => {
      let over = false;
      const giveUp = () => {
        over = true;
        resolve(undefined);
      };
      work.then(
        (value) => {
          this.#waiting.delete(giveUp);
          resolve(value);
        },
        (error: unknown) => {
          this.#waiting.delete(giveUp);
          if (over) late(error);
          else reject(error);
        },
      );
      if (this.#abandoned) giveUp();
      else this.#waiting.add(giveUp);
    });
  }

  /** Takes back all timers and listeners. */
  close(): void {
    for (const cancel of this.#timers) cancel();
    this.#options.signal.removeEventListener("abort", this.#cancel);
    this.#options.abortSignal?.removeEventListener("abort", this.#abort);
  }

  readonly #cancel = (): void => {
    const reason: unknown = this.#options.signal.reason;
    const said = reason instanceof Error && reason.name !== "AbortError" ? messageOf(reason) : "the run was cancelled";
    this.halt({ kind: "cancelled", reason: said });
    this.#looks.abort(reason);
    this.#after(this.#options.cancelGraceMs, this.#abort);
  };

  readonly #abort = (): void => {
    if (this.#work.signal.aborted) return;
    this.halt({ kind: "cancelled", reason: "the run was ended" });
    this.#looks.abort();
    this.#work.abort();
    this.#after(LAST_WORDS_MS, () => {
      this.#abandoned = true;
      for (const giveUp of this.#waiting) giveUp();
      this.#waiting.clear();
    });
  };

  #after(delayMs: number, fire: () => void): void {
    this.#timers.push(this.#options.clock.after(delayMs, fire));
  }
}
