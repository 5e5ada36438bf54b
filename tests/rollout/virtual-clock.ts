import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../provider/rollout/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that stands still until it is told to go on: a day passes in a moment, and the same way every time. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #timers: Timer[] = [];
  #order = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, fire: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Waits `ms` of this clock. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.after(ms, () => {
        signal?.removeEventListener("abort", stop);
        resolve();
      });
      const stop = () => {
        cancel();
        reject(signal?.reason);
      };
      if (signal?.aborted === true) stop();
      else signal?.addEventListener("abort", stop, { once: true });
    });
  }

  /** Lets everything happen until `work` has ended: time passes whenever nothing else is left to do. */
  async play<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const ended = work.finally(() => {
      over = true;
    });
    // It is awaited below; until then a rejection must not count as unhandled.
    ended.catch(() => undefined);
    for (;;) {
      // Two turns of the loop, so that promises that wait for promises get through.
      await setImmediate();
      await setImmediate();
      if (over) return await ended;
      const [next] = this.#timers.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order);
      if (next === undefined) throw new Error("nothing is left to happen, but the work has not ended");
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.fire();
    }
  }
}
