/** How often something may be done: `burst` times at once, and `perSecond` times a second in the long run. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

interface Bucket {
  left: number;
  atMs: number;
}

/** Beyond this many keys those that have not asked for longest are forgotten, which lets them begin anew. */
const KEYS_KEPT = 10_000;

/**
 * Counts what each key (a token, an address) does, as leaky buckets.
 *
 * @example const waitMs = new RateLimiter({ burst: 10, perSecond: 1 }, nowMs).take("10.0.0.1");
 */
export class RateLimiter {
  readonly #rate: Rate;
  readonly #nowMs: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param nowMs a monotonic clock */
  constructor(rate: Rate, nowMs: () => number) {
    this.#rate = rate;
    this.#nowMs = nowMs;
  }

  /** Counts one more of a key. @returns 0 where it may be done; else in how many milliseconds it may */
  take(key: string): number {
    const { burst, perSecond } = this.#rate;
    const nowMs = this.#nowMs();
    const before = this.#buckets.get(key) ?? { left: burst, atMs: nowMs };
    const left = Math.min(burst, before.left + ((nowMs - before.atMs) / 1_000) * perSecond);
    // Set anew, so that the map stays in the order of the last use.
    this.#buckets.delete(key);
    this.#buckets.set(key, { left: left >= 1 ? left - 1 : left, atMs: nowMs });
    if (this.#buckets.size > KEYS_KEPT) this.#forgetOldest();
    return left >= 1 ? 0 : Math.ceil(((1 - left) / perSecond) * 1_000);
  }

  #forgetOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      return;
    }
  }
}
