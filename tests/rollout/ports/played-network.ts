import type { TickingClock } from "../../../provider/rollout/clock.ts";
import type { Connect, ConnectAnswer } from "../../../provider/rollout/ports/connect.ts";
import type { PortState } from "../../../provider/rollout/ports/port-state.ts";

/** How a port of the played network behaves: what it says, and after how long; nothing for one that stays silent. */
export type Behaviour = { readonly state: PortState; readonly afterMs: number } | "silent";

interface Event {
  readonly atMs: number;
  readonly call: () => void;
}

/** A network and a clock in which time passes only when {@link run} says so, as fast as it can. */
export class PlayedNetwork implements TickingClock {
  readonly #behaviour: (address: string, port: number) => Behaviour;
  readonly #descriptors: number;
  #events: Event[] = [];
  #nowMs = 0;
  open = 0;
  mostOpen = 0;
  asked = 0;

  constructor(behaviour: (address: string, port: number) => Behaviour, descriptors = Number.POSITIVE_INFINITY) {
    this.#behaviour = behaviour;
    this.#descriptors = descriptors;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  every(intervalMs: number, call: () => void): () => void {
    let isStopped = false;
    const again = () => {
      if (isStopped) return;
      this.#at(intervalMs, again);
      call();
    };
    this.#at(intervalMs, again);
    return () => {
      isStopped = true;
    };
  }

  soon(call: () => void): void {
    this.#at(0, call);
  }

  readonly connect: Connect = (address, port, answered) => {
    this.asked += 1;
    const hasDescriptor = this.open < this.#descriptors;
    if (hasDescriptor) this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    let isOver = false;
    const close = () => {
      if (isOver) return false;
      isOver = true;
      if (hasDescriptor) this.open -= 1;
      return true;
    };
    const say = (answer: ConnectAnswer) => () => {
      if (close()) answered(answer);
    };
    const behaviour = this.#behaviour(address, port);
    if (!hasDescriptor) this.#at(0, say({ kind: "shortage", code: "EMFILE" }));
    else if (behaviour !== "silent") this.#at(behaviour.afterMs, say({ kind: "state", state: behaviour.state }));
    return close;
  };

  /** Lets time pass until what is waited for has come, or nothing can come any more. @returns how long it took */
  async run(finished: Promise<void>): Promise<number> {
    let isFinished = false;
    const end = () => {
      isFinished = true;
    };
    finished.then(end, end);
    while (!isFinished && this.#events.length > 0) {
      let next = 0;
      for (let index = 1; index < this.#events.length; index += 1) {
        if ((this.#events[index]?.atMs ?? 0) < (this.#events[next]?.atMs ?? 0)) next = index;
      }
      const [event] = this.#events.splice(next, 1);
      this.#nowMs = event?.atMs ?? this.#nowMs;
      event?.call();
      await Promise.resolve();
    }
    await finished;
    return this.#nowMs;
  }

  #at(afterMs: number, call: () => void): void {
    this.#events.push({ atMs: this.#nowMs + afterMs, call });
  }
}
