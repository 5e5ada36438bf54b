import { ProviderError } from "../../kit/define/errors.ts";
import { systemClock, type TickingClock } from "../clock.ts";
import { AnswerTime } from "./answer-time.ts";
import { type Connect, type ConnectAnswer, tcpConnect } from "./connect.ts";
import type { AddressResult, PortResult, PortState } from "./port-state.ts";
import { type Question, Questions } from "./questions.ts";

/** What to ask, and how fast. */
export interface SweepOptions {
  /** Asked for as they are needed, so that a large range costs no memory. */
  readonly addresses: Iterable<string>;
  readonly ports: readonly number[];
  /** How long a port may take to answer. None is called filtered before. */
  readonly timeoutMs: number;
  /** How many connections are expected to be answered at once. Default 512. */
  readonly inFlight?: number;
  /** How many connections are open at once, those that are no longer expected to be answered included. Default 4096. */
  readonly maxOpen?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once for each address, as soon as all of its ports are known, in no particular order. */
  readonly onResult: (result: AddressResult) => void;
  readonly connect?: Connect;
  readonly clock?: TickingClock;
}

const IN_FLIGHT = 512;
const MAX_OPEN = 4_096;
/**
 * How many are asked before answers are heard. Where they come at once, no more connections than these are open, and
 * few are cheaper than many: what lives briefly is collected before it is ever moved.
 */
const BURST = 32;
/** How often the clock is looked at: as late as this a time-out may be. */
const TICK_MS = 20;
/** How long it waits for others to free descriptors while it has none at all. */
const PATIENCE_MS = 10_000;

/**
 * Asks many ports of many addresses at once.
 *
 * On a range with few machines nearly all time goes into waiting for nothing. So once machines have answered much
 * faster than the time-out allows, a port that stays silent for longer than they took ({@link AnswerTime}) gives its
 * place in flight to the next; its connection stays open, up to `maxOpen` of them, and an answer that comes before the
 * full time-out counts all the same. The sweep is faster on dead ranges, and no slow machine is called silent.
 *
 * @throws what the signal says if it fires; ProviderError `exhausted` where this machine cannot open any connection
 * @example await sweepPorts({ addresses, ports: [22], timeoutMs: 2_000, onResult: (result) => found.push(result) })
 */
export async function sweepPorts(options: SweepOptions): Promise<void> {
  options.signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sweep = new Sweep(options, (error) => (error === undefined ? resolve() : reject(error)));
  const abort = () => sweep.end(abortError(options.signal));
  options.signal?.addEventListener("abort", abort, { once: true });
  try {
    sweep.start();
    await promise;
  } finally {
    options.signal?.removeEventListener("abort", abort);
  }
}

/**
 * Asks ports of one address.
 *
 * @returns their states, in the order of `ports`
 * @throws as {@link sweepPorts}
 * @example await probePorts({ address: "192.168.2.1", ports: [22], timeoutMs: 2_000 }) // [{ port: 22, state: "open" }]
 */
export async function probePorts(
  options: Omit<SweepOptions, "addresses" | "onResult"> & { readonly address: string },
): Promise<readonly PortResult[]> {
  let ports: readonly PortResult[] = [];
  const onResult = (result: AddressResult) => {
    ports = result.ports;
  };
  await sweepPorts({ ...options, addresses: [options.address], onResult });
  return ports;
}

function abortError(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new ProviderError({ code: "cancelled", message: "the sweep was stopped" });
}

/** One connection that has not been answered. */
interface Attempt {
  readonly question: Question;
  readonly startedMs: number;
  giveUp: () => void;
  /** True while it holds one of the places in flight. */
  isExpected: boolean;
  isOver: boolean;
}

class Sweep {
  readonly #options: SweepOptions;
  readonly #questions: Questions;
  readonly #clock: TickingClock;
  readonly #connect: Connect;
  readonly #answerTime: AnswerTime;
  readonly #ended: (error?: Error) => void;
  readonly #inFlightLimit: number;
  /** Lowered to what there is where this machine runs short of descriptors. */
  #openLimit: number;
  /** In the order in which they began, which is the order in which they run out of time. */
  readonly #expected: Attempt[] = [];
  readonly #open = new Set<Attempt>();
  #inFlight = 0;
  /** Since when not one connection could be opened. */
  #shortSinceMs: number | undefined;
  #isToFill = false;
  #isOver = false;
  #stopClock: (() => void) | undefined;

  constructor(options: SweepOptions, ended: (error?: Error) => void) {
    this.#options = options;
    this.#questions = new Questions(options.addresses, options.ports);
    this.#clock = options.clock ?? systemClock;
    this.#connect = options.connect ?? tcpConnect();
    this.#answerTime = new AnswerTime(options.timeoutMs);
    this.#inFlightLimit = options.inFlight ?? IN_FLIGHT;
    this.#openLimit = Math.max(options.maxOpen ?? MAX_OPEN, this.#inFlightLimit);
    this.#ended = ended;
  }

  start(): void {
    // What was answered while this thread was busy is heard before anything is called silent.
    const tick = () => this.#guarded(() => this.#tick());
    this.#stopClock = this.#clock.every(TICK_MS, () => this.#clock.soon(tick));
    this.#guarded(() => this.#fill());
  }

  end(error?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopClock?.();
    for (const attempt of this.#open) {
      attempt.isOver = true;
      attempt.giveUp();
    }
    this.#open.clear();
    this.#questions.end();
    this.#ended(error);
  }

  /** The source of addresses and the receiver of results are others' code: their errors end the sweep, not the process. */
  #guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #fill(): void {
    this.#isToFill = false;
    for (let asked = 0; this.#hasRoom; asked += 1) {
      if (asked === BURST) {
        this.#fillSoon();
        return;
      }
      const question = this.#questions.next();
      if (question === undefined) break;
      this.#ask(question);
    }
    if (this.#open.size === 0 && !this.#questions.hasAgain) this.end();
  }

  get #hasRoom(): boolean {
    return !this.#isOver && this.#inFlight < this.#inFlightLimit && this.#open.size < this.#openLimit;
  }

  #fillSoon(): void {
    if (this.#isToFill) return;
    this.#isToFill = true;
    this.#clock.soon(this.#refill);
  }

  readonly #refill = () => this.#guarded(() => this.#fill());

  #ask(question: Question): void {
    const attempt: Attempt = {
      question,
      startedMs: this.#clock.nowMs(),
      giveUp: () => undefined,
      isExpected: true,
      isOver: false,
    };
    this.#open.add(attempt);
    this.#expected.push(attempt);
    this.#inFlight += 1;
    const port = this.#options.ports[question.portIndex] ?? 0;
    attempt.giveUp = this.#connect(question.host.address, port, (answer) =>
      this.#guarded(() => this.#answered(attempt, answer)),
    );
  }

  #answered(attempt: Attempt, answer: ConnectAnswer): void {
    if (attempt.isOver) return;
    this.#close(attempt);
    switch (answer.kind) {
      case "state":
        this.#shortSinceMs = undefined;
        if (answer.state !== "filtered") this.#answerTime.observe(this.#clock.nowMs() - attempt.startedMs);
        this.#settle(attempt, answer.state);
        break;
      case "shortage":
        this.#questions.again(attempt.question);
        this.#short(answer.code);
        return; // the next tick tries again: at once would meet the same shortage
      case "fault":
        this.end(answer.error);
        return;
      default:
        answer satisfies never;
    }
    this.#fillSoon();
  }

  /** Makes do with as many connections as there are; others may free what they hold, so it waits before it despairs. */
  #short(code: string): void {
    this.#openLimit = Math.max(1, Math.min(this.#openLimit, this.#open.size));
    const nowMs = this.#clock.nowMs();
    if (this.#open.size > 0) this.#shortSinceMs = undefined;
    else this.#shortSinceMs ??= nowMs;
    if (this.#shortSinceMs !== undefined && nowMs - this.#shortSinceMs >= PATIENCE_MS) this.end(shortageError(code));
  }

  #tick(): void {
    if (this.#isOver) return;
    const nowMs = this.#clock.nowMs();
    for (const attempt of this.#open) {
      if (nowMs - attempt.startedMs < this.#options.timeoutMs) break; // a set keeps the order in which they began
      attempt.giveUp();
      this.#close(attempt);
      this.#settle(attempt, "filtered");
    }
    const expectedMs = this.#answerTime.expectedMs;
    let passed = 0;
    for (const attempt of this.#expected) {
      if (!attempt.isOver && nowMs - attempt.startedMs < expectedMs) break;
      passed += 1;
      this.#release(attempt);
    }
    this.#expected.splice(0, passed);
    this.#fill();
  }

  #close(attempt: Attempt): void {
    attempt.isOver = true;
    this.#open.delete(attempt);
    this.#release(attempt);
  }

  #release(attempt: Attempt): void {
    if (!attempt.isExpected) return;
    attempt.isExpected = false;
    this.#inFlight -= 1;
  }

  #settle({ question }: Attempt, state: PortState): void {
    const result = this.#questions.answered(question, state);
    if (result !== undefined) this.#options.onResult(result);
  }
}

function shortageError(code: string): ProviderError {
  return new ProviderError({
    code: "exhausted",
    message: `this machine cannot open a single connection (${code})`,
    hint: "raise its limit of open files (ulimit -n), or end what holds so many",
  });
}
