/** Lets a limited number of things happen at once; the others wait in order. */
export class Slots {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(count: number) {
    this.free = count;
  }

  /** Runs `work` as soon as there is room. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      // Handed on rather than freed, so that nobody who comes now overtakes who waits.
      const next = this.waiting.shift();
      if (next === undefined) this.free++;
      else next();
    }
  }
}
