/** Time, as a sweep needs it. */
export interface Clock {
  /** Milliseconds from any beginning; never runs backwards. */
  nowMs(): number;
  /** Calls again and again until it is told to stop. @returns what stops it */
  every(intervalMs: number, call: () => void): () => void;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  every: (intervalMs, call) => {
    const timer = setInterval(call, intervalMs);
    return () => clearInterval(timer);
  },
};
