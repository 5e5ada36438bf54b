import { AsyncLocalStorage } from "node:async_hooks";
import { ProviderError } from "../define/errors.ts";

/** What a call needs to know to be run. */
export interface CallOptions {
  /** For messages: `create of urn:...`. */
  readonly what: string;
  /** How long it may take; `undefined` for as long as it needs. */
  readonly deadlineMs: number | undefined;
  /** Told when the caller hangs up. */
  readonly onHangUp?: (listener: () => void) => void;
}

/** A call that is running. */
export interface RunningCall {
  readonly what: string;
  /** Fires when the call should end; its reason is a `ProviderError` with the code `cancelled` or `timeout`. */
  readonly signal: AbortSignal;
  /** Ends the call with an error, whatever its handler does; the first to say so wins. */
  fail(error: unknown): void;
  /**
   * Says what an error means for this call, whoever raised it: the handler, something that it started, or the end of
   * its time. What the function returns is raised in its place.
   */
  rescue: ((error: unknown) => unknown) | undefined;
}

/** What became of a call after it had been answered. */
export type LateEnd = (what: string, end: { readonly value: unknown } | { readonly error: unknown }) => void;

/**
 * The calls that are under way. Each is answered exactly once: by its handler's result, by an error thrown anywhere
 * in what the handler started (a timer, an emitter, a forgotten promise), or after its time is up.
 *
 * Time works in two steps. When a call is cancelled or late, its signal fires and the handler has `graceMs` to return
 * what it has, which still counts. Only a handler that ignores the signal loses its call.
 */
export class Calls {
  readonly #running = new Set<Call>();
  readonly #owner = new AsyncLocalStorage<Call>();
  readonly #graceMs: number;
  readonly #onLateEnd: LateEnd;
  #cancelled: string | undefined;

  constructor(options: { graceMs: number; onLateEnd: LateEnd }) {
    this.#graceMs = options.graceMs;
    this.#onLateEnd = options.onLateEnd;
  }

  /** How many calls are under way. */
  get size(): number {
    return this.#running.size;
  }

  /** Runs a handler as a call and resolves or rejects exactly once. */
  async run<T>(options: CallOptions, handler: (call: RunningCall) => Promise<T>): Promise<T> {
    const call = new Call(options.what, this.#graceMs);
    this.#running.add(call);
    const stop = (code: "timeout" | "cancelled", message: string) =>
      call.abort(new ProviderError({ code, message, hint: code === "timeout" ? TIMEOUT_HINT : undefined }));
    const timer =
      options.deadlineMs === undefined
        ? undefined
        : setLongTimeout(
            () => stop("timeout", `${options.what} took longer than ${formatMs(options.deadlineMs ?? 0)}`),
            options.deadlineMs,
          );
    // The engine cancels once, and what it asked for a moment earlier may arrive a moment later.
    if (this.#cancelled !== undefined) stop("cancelled", this.#cancelled);
    let isOver = false;
    // gRPC says this of every call, also of one that got its answer.
    options.onHangUp?.(() => isOver || stop("cancelled", `the caller of ${options.what} hung up`));
    try {
      const work = this.#owner.run(call, async () => handler(call));
      let answered = false;
      void work.then(
        (value) => {
          isOver = true;
          if (answered) this.#onLateEnd(options.what, { value });
        },
        (error: unknown) => {
          isOver = true;
          if (answered) this.#onLateEnd(options.what, { error });
        },
      );
      try {
        return await Promise.race([work, call.failed]);
      } finally {
        answered = true;
      }
    } catch (error) {
      throw call.rescue === undefined ? error : call.rescue(error);
    } finally {
      timer?.cancel();
      call.end();
      this.#running.delete(call);
    }
  }

  /** Tells every running call to end, and each that begins before {@link reopen}. */
  cancelAll(message: string): void {
    this.#cancelled = message;
    for (const call of this.#running) call.abort(new ProviderError({ code: "cancelled", message }));
  }

  /** Lets calls run again: another deployment begins. */
  reopen(): void {
    this.#cancelled = undefined;
  }

  /** Fails the call in whose course the error was thrown; false if there is none. */
  blame(error: unknown): boolean {
    const call = this.#owner.getStore();
    if (call === undefined || !this.#running.has(call)) return false;
    call.fail(error);
    return true;
  }

  /** Resolves when no call is under way any more. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled([...this.#running].map((call) => call.ended));
  }
}

const TIMEOUT_HINT = "what it began may have taken effect; `customTimeouts` of the resource gives it longer";

class Call implements RunningCall {
  readonly what: string;
  rescue: ((error: unknown) => unknown) | undefined;
  readonly failed: Promise<never>;
  readonly ended: Promise<void>;
  readonly #graceMs: number;
  readonly #controller = new AbortController();
  readonly #reject: (error: unknown) => void;
  readonly #resolveEnded: () => void;
  #graceTimer: NodeJS.Timeout | undefined;
  #isAnswered = false;

  constructor(what: string, graceMs: number) {
    this.what = what;
    this.#graceMs = graceMs;
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {
      // A failure after the answer has nobody to tell.
    });
    this.failed = failed.promise;
    this.#reject = failed.reject;
    const ended = Promise.withResolvers<void>();
    this.ended = ended.promise;
    this.#resolveEnded = ended.resolve;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  abort(reason: ProviderError): void {
    if (this.signal.aborted) return;
    if (!this.#isAnswered) this.#graceTimer = setTimeout(() => this.#reject(reason), this.#graceMs);
    this.#controller.abort(reason);
  }

  end(): void {
    this.#isAnswered = true;
    clearTimeout(this.#graceTimer);
    this.#resolveEnded();
  }
}

/** The longest time that one timer of Node can wait. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A timer that can wait longer than 24 days. */
function setLongTimeout(action: () => void, delayMs: number): { cancel(): void } {
  let left = delayMs;
  let timer: NodeJS.Timeout;
  const wait = () => {
    const step = Math.min(left, LONGEST_TIMER_MS);
    left -= step;
    timer = setTimeout(left > 0 ? wait : action, step);
  };
  wait();
  return { cancel: () => clearTimeout(timer) };
}

function formatMs(ms: number): string {
  if (ms >= 60_000 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms >= 1_000 ? `${ms / 1_000}s` : `${ms}ms`;
}
