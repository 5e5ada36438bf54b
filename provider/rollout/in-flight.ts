import type { RolloutEvent } from "./events.ts";
import type { Outcome } from "./outcome.ts";

/**
 * The machines of a run that were begun and whose outcome is not written down yet: what lists call running. A machine
 * whose outcome waits for the journal is still one of them, so that each is counted exactly once by who adds them to
 * the outcomes that are recorded.
 *
 * @example
 * const inFlight = new InFlight();
 * onEvent: (event) => inFlight.see(event)
 * inFlight.count // 8
 */
export class InFlight {
  readonly #targets = new Set<string>();
  #told = 0;

  /** Takes an event of the run in. */
  see(event: RolloutEvent): void {
    if (event.kind === "started") this.#targets.add(event.machine);
    else if (event.kind === "merged") this.#targets.delete(event.machine);
    // Nothing is written down of an address where nobody is.
    else if (event.kind === "finished" && event.outcome.class === "absent") this.#targets.delete(event.outcome.target);
  }

  /** Takes out what is being written down. */
  written(outcomes: readonly Outcome[]): void {
    for (const { target } of outcomes) this.#targets.delete(target);
  }

  get count(): number {
    return this.#targets.size;
  }

  /** Whether the number is another than the appliance knows. */
  get isNews(): boolean {
    return this.#targets.size !== this.#told;
  }

  /** The number, for the appliance: afterwards it is no news. */
  tell(): number {
    this.#told = this.#targets.size;
    return this.#told;
  }
}
