import type { AddressResult, PortState } from "./port-state.ts";

/** The ports of one address as they become known. */
export interface Host {
  readonly address: string;
  readonly states: (PortState | undefined)[];
  unknown: number;
}

/** One port of one address. */
export interface Question {
  readonly host: Host;
  readonly portIndex: number;
}

/** What a sweep has still to ask: every port of every address, and what has to be asked once more. */
export class Questions {
  readonly #addresses: Iterator<string>;
  readonly #ports: readonly number[];
  readonly #again: Question[] = [];
  #host: Host | undefined;
  #nextPort = 0;

  /** @param addresses are taken as they are needed */
  constructor(addresses: Iterable<string>, ports: readonly number[]) {
    this.#addresses = addresses[Symbol.iterator]();
    this.#ports = ports;
  }

  /** True if something that was asked has to be asked again. */
  get hasAgain(): boolean {
    return this.#again.length > 0;
  }

  /** @returns `undefined` if nothing is left */
  next(): Question | undefined {
    return this.#again.pop() ?? this.#first();
  }

  /** Puts back what was not answered. */
  again({ host, portIndex }: Question): void {
    this.#again.push({ host, portIndex });
  }

  /**
   * Notes an answer.
   * @returns the address with all of its ports once this was the last of them
   */
  answered({ host, portIndex }: Question, state: PortState): AddressResult | undefined {
    host.states[portIndex] = state;
    host.unknown -= 1;
    if (host.unknown > 0) return undefined;
    const ports = this.#ports.map((port, index) => ({ port, state: host.states[index] ?? "filtered" }));
    return { address: host.address, ports };
  }

  /** No more addresses are needed. */
  end(): void {
    this.#addresses.return?.();
  }

  #first(): Question | undefined {
    if (this.#host === undefined || this.#nextPort === this.#ports.length) {
      if (this.#ports.length === 0) return undefined;
      const next = this.#addresses.next();
      if (next.done === true) return undefined;
      this.#host = { address: next.value, states: this.#ports.map(() => undefined), unknown: this.#ports.length };
      this.#nextPort = 0;
    }
    const question = { host: this.#host, portIndex: this.#nextPort };
    this.#nextPort += 1;
    return question;
  }
}
