/** Lets so many in at once; the others wait, first come first served. */
export class Gate {
  readonly #places: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(places: number) {
    this.#places = places;
  }

  /** @returns what leaves again; to be called exactly once */
  async enter(): Promise<() => void> {
    if (this.#inside < this.#places) this.#inside += 1;
    // Who leaves hands the place on.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return () => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside -= 1;
      else next();
    };
  }
}
