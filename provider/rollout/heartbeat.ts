import type { RunProgress } from "../appliance/operations/fields.ts";
import type { RolloutEvent } from "./events.ts";
import type { Outcome } from "./outcome.ts";

/**
 * What a run says of itself while it goes on, beside the outcomes that are recorded: how many machines are in flight,
 * which is what lists call running, and at how many addresses nobody was. A machine is in flight from its beginning
 * until its outcome is on its way to the appliance, so that each is counted once by who adds all three.
 *
 * @example
 * const heartbeat = new Heartbeat();
 * onEvent: (event) => heartbeat.see(event)
 * heartbeat.tell() // { inFlight: 8, absent: 201 }
 */
export class Heartbeat {
  readonly #inFlight = new Set<string>();
  #absent = 0;
  #told: RunProgress = { inFlight: 0, absent: 0 };

  /** Takes an event of the run in. */
  see(event: RolloutEvent): void {
    if (event.kind === "started") this.#inFlight.add(event.machine);
    else if (event.kind === "merged") this.#inFlight.delete(event.machine);
    else if (event.kind === "finished" && event.outcome.class === "absent") {
      this.#inFlight.delete(event.outcome.target);
      this.#absent++;
    }
  }

  /** Takes out what is being written down. */
  written(outcomes: readonly Outcome[]): void {
    for (const { target } of outcomes) this.#inFlight.delete(target);
  }

  /** Whether the appliance knows other numbers. */
  get isNews(): boolean {
    return this.#inFlight.size !== this.#told.inFlight || this.#absent !== this.#told.absent;
  }

  /** The numbers, for the appliance: afterwards they are no news. */
  tell(): RunProgress {
    this.#told = { inFlight: this.#inFlight.size, absent: this.#absent };
    return this.#told;
  }
}
