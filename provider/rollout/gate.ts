/**
 * Lets at most `limit` through at once, the others wait in line.
 *
 * @example await new Gate(2).pass(() => connect(host))
 */
export class Gate {
  #free: number;
  readonly #line: (() => void)[] = [];

  /** @throws RangeError if the limit is not a whole number of at least 1 */
  constructor(limit: number) {
    if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`a gate for ${limit} lets nobody through`);
    this.#free = limit;
  }

  /** Runs `work` once there is room, and gives its place to the next one when it ends, however it ends. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#takePlace()) await this.#turn();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /**
   * Waits for room, first come first served, where the place is kept longer than one waits for the work.
   * @returns what gives the place to the next one; to be called exactly once
   */
  async enter(): Promise<() => void> {
    if (!this.#takePlace()) await this.#turn();
    return () => this.#leave();
  }

  #takePlace(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  #turn(): Promise<void> {
    return new Promise((enter) => this.#line.push(enter));
  }

  /** Who leaves hands the place on. */
  #leave(): void {
    const next = this.#line.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
