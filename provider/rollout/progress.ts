import type { RolloutEvent } from "./events.ts";
import type { Action } from "./outcome.ts";

/** A machine that is being worked on. */
interface InFlight {
  readonly sinceMs: number;
  doing: "looking" | "waiting" | Action;
}

/**
 * Folds the events of a run into one line that says how far it is and which machine it is waiting for.
 *
 * @example
 * const progress = new Progress(400);
 * onEvent: (event) => progress.see(event, clock.nowMs())
 * progress.line(clock.nowMs()) // "37 of 400 done, 8 in flight, 355 waiting; web07 for 42 s (install)"
 */
export class Progress {
  readonly #total: number;
  readonly #inFlight = new Map<string, InFlight>();
  #done = 0;
  #wrong = 0;
  #stopping = false;

  constructor(total: number) {
    this.#total = total;
  }

  /** Takes an event in. */
  see(event: RolloutEvent, nowMs: number): void {
    switch (event.kind) {
      case "started":
        this.#inFlight.set(event.machine, { sinceMs: nowMs, doing: "looking" });
        return;
      case "retrying":
        this.#say(event.machine, "waiting");
        return;
      case "acting":
        this.#say(event.machine, event.action);
        return;
      case "finished": {
        const { target, class: outcomeClass } = event.outcome;
        this.#end(target);
        if (outcomeClass === "failed" || outcomeClass === "unreachable") this.#wrong++;
        return;
      }
      case "merged":
        this.#end(event.machine);
        return;
      case "stopping":
        this.#stopping = true;
        return;
      case "fault":
        return;
    }
  }

  /** The line for now. */
  line(nowMs: number): string {
    const inFlight = this.#inFlight.size;
    const waiting = Math.max(0, this.#total - this.#done - inFlight);
    const parts = [`${this.#done} of ${this.#total} done`];
    if (this.#wrong > 0) parts.push(`${this.#wrong} not right`);
    parts.push(`${inFlight} in flight`, `${waiting} ${this.#stopping ? "not begun" : "waiting"}`);
    const [oldest] = this.#inFlight;
    if (oldest === undefined) return parts.join(", ");
    const [machine, { sinceMs, doing }] = oldest;
    const seconds = Math.max(0, Math.round((nowMs - sinceMs) / 1_000));
    return `${parts.join(", ")}; ${machine} for ${seconds} s (${WORDS[doing]})`;
  }

  #say(machine: string, doing: InFlight["doing"]): void {
    const inFlight = this.#inFlight.get(machine);
    if (inFlight !== undefined) inFlight.doing = doing;
  }

  #end(machine: string): void {
    this.#inFlight.delete(machine);
    this.#done++;
  }
}

const WORDS: Readonly<Record<InFlight["doing"], string>> = {
  looking: "looking",
  waiting: "waiting to try again",
  install: "install",
  upgrade: "upgrade",
  downgrade: "downgrade",
  reconfigure: "reconfigure",
  repair: "repair",
  remove: "remove",
  none: "record",
};
