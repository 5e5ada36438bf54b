import type { SweepOptions } from "./ports/sweep.ts";
import type { SiftContext, Sifted, Target } from "./world.ts";

/** How ports of many addresses are asked for: `sweepPorts`, or a test's play. */
export type SweepPorts = (options: SweepOptions) => Promise<void>;

/** What to ask of an address before a connection is worth its while. */
export interface SiftOptions {
  readonly ports: readonly number[];
  readonly timeoutMs: number;
  readonly sweep: SweepPorts;
}

/**
 * Finds out which addresses of ranges are dead, hundreds at a time, so that no machine's turn is spent on waiting for
 * nobody. Whoever was named, or seen before, is not asked: a machine is expected there, and connecting says more.
 */
export async function* siftByPorts(
  targets: Iterable<Target>,
  context: SiftContext,
  options: SiftOptions,
): AsyncGenerator<Sifted> {
  const iterator = targets[Symbol.iterator]();
  const asked = new Map<string, Target>();
  const found = new Line<Sifted>();

  function* addresses(): Generator<string> {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      const target = next.value;
      if (target.origin !== "range" || target.address === undefined || context.known(target)) {
        found.push({ target });
      } else {
        asked.set(target.address, target);
        yield target.address;
      }
    }
  }

  const sweeping = options
    .sweep({
      addresses: addresses(),
      ports: options.ports,
      timeoutMs: options.timeoutMs,
      signal: context.signal,
      onResult: ({ address, ports }) => {
        const target = asked.get(address);
        if (target === undefined) return;
        asked.delete(address);
        const silent = ports.every(({ state }) => state === "filtered");
        found.push(silent ? { target, ending: { code: "absent", action: "none" } } : { target });
      },
    })
    .then(
      () => found.end(),
      // A sweep that was told to stop has said nothing about the rest, which is handed on below.
      (error: unknown) => found.end(context.signal.aborted ? undefined : { error }),
    );

  yield* found.take();
  await sweeping;
  for (const target of asked.values()) yield { target };
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) yield { target: next.value };
}

/** Things that wait to be taken, in the order they came. */
class Line<T> {
  #waiting: T[] = [];
  #wake: (() => void) | undefined;
  #end: { readonly fault: { readonly error: unknown } | undefined } | undefined;

  push(item: T): void {
    this.#waiting.push(item);
    this.#wake?.();
  }

  /** Nothing more comes; with a fault, taking throws it once all is taken. */
  end(fault?: { readonly error: unknown }): void {
    this.#end = { fault };
    this.#wake?.();
  }

  async *take(): AsyncGenerator<T> {
    for (;;) {
      const items = this.#waiting;
      this.#waiting = [];
      yield* items;
      if (this.#waiting.length > 0) continue;
      if (this.#end !== undefined) {
        if (this.#end.fault !== undefined) throw this.#end.fault.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
