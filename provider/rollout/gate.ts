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
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((enter) => this.#line.push(enter));
    try {
      return await work();
    } finally {
      const next = this.#line.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
