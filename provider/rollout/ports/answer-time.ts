/** Below this a busy machine or a busy network is taken for a dead one. nmap's lowest is the same. */
const FLOOR_MS = 100;
/** From how many answers on their times mean something. */
const ENOUGH_ANSWERS = 8;
/** It adapts only where answers come this many times faster than the time-out allows. */
const MUCH_FASTER = 2;

/**
 * How soon an answer can be expected, by the times of those that came: their smoothed mean and four times their
 * deviation, as TCP's own retransmission time-out is made (RFC 6298). Never above the time-out the user gave.
 */
export class AnswerTime {
  readonly #timeoutMs: number;
  #answers = 0;
  #meanMs = 0;
  #deviationMs = 0;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  observe(elapsedMs: number): void {
    if (this.#answers === 0) {
      this.#meanMs = elapsedMs;
      this.#deviationMs = elapsedMs / 2;
    } else {
      this.#deviationMs += (Math.abs(elapsedMs - this.#meanMs) - this.#deviationMs) / 4;
      this.#meanMs += (elapsedMs - this.#meanMs) / 8;
    }
    this.#answers += 1;
  }

  /** How long to wait before a silent port is no longer expected to answer. */
  get expectedMs(): number {
    if (this.#answers < ENOUGH_ANSWERS) return this.#timeoutMs;
    const expectedMs = Math.max(FLOOR_MS, this.#meanMs + 4 * this.#deviationMs);
    return expectedMs * MUCH_FASTER <= this.#timeoutMs ? expectedMs : this.#timeoutMs;
  }
}
