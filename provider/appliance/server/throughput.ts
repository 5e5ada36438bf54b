/** Lets only so many pieces of work go on at once, the others wait in line; how many may change at any time. */
export class Throughput {
  #limit: number;
  #busy = 0;
  readonly #line: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What is begun already is not stopped by a lower limit. */
  set limit(limit: number) {
    this.#limit = limit;
    this.#letIn();
  }

  /**
   * Runs `work` once there is room, and gives its place to the next one when it ends, however it ends. While it goes on,
   * nothing here holds what it was made of.
   */
  pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy >= this.#limit)
      return new Promise<void>((enter) => this.#line.push(enter)).then(() => this.#run(work));
    this.#busy++;
    return this.#run(work);
  }

  #run<T>(work: () => Promise<T>): Promise<T> {
    return work().finally(() => {
      this.#busy--;
      this.#letIn();
    });
  }

  #letIn(): void {
    while (this.#busy < this.#limit) {
      const enter = this.#line.shift();
      if (enter === undefined) return;
      this.#busy++;
      enter();
    }
  }
}
