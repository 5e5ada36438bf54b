import { performance } from "node:perf_hooks";

/** Time as the engine knows it; a test plays it. */
export interface Clock {
  /** Milliseconds since some fixed moment, never going back. */
  nowMs(): number;
  /** Calls `fire` once after `delayMs`; the answer takes that back. */
  after(delayMs: number, fire: () => void): () => void;
}

/** Time for who looks again and again what there is to do. */
export interface TickingClock extends Pick<Clock, "nowMs"> {
  /** Calls again and again until it is told to stop. @returns what stops it */
  every(intervalMs: number, call: () => void): () => void;
  /** Calls once, as soon as what has happened by now was heard. */
  soon(call: () => void): void;
}

/** The clock of this computer: it does not jump when somebody sets the time. */
export const systemClock: Clock & TickingClock = {
  nowMs: () => performance.now(),
  every(intervalMs, call) {
    const timer = setInterval(call, intervalMs);
    return () => clearInterval(timer);
  },
  soon(call) {
    setImmediate(call);
  },
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Waits `delayMs`, or until `signal` is aborted: true if it waited to the end. */
export function wait(clock: Clock, delayMs: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const cancel = clock.after(delayMs, () => {
      signal.removeEventListener("abort", stop);
      resolve(true);
    });
    function stop() {
      cancel();
      resolve(false);
    }
    signal.addEventListener("abort", stop, { once: true });
  });
}
