import type { Clock } from "./clock.ts";
import type { Outcome } from "./outcome.ts";

/** Outcomes are written at most this long after they are known: so much a killed run has to look at again. */
const BATCH_MS = 1_000;
/** So many are written at once without waiting for more. */
const BATCH_SIZE = 100;
/** With so many waiting, the run waits for the journal, so that slow storage costs time and not memory. */
const CROWDED = 400;

/** What a journal needs. */
export interface JournalOptions {
  /** Writes outcomes for good; the same machine again replaces what was written of it. */
  readonly write: (outcomes: readonly Outcome[]) => Promise<void>;
  readonly clock: Clock;
  /** Called once, when a write failed: the run must not go on without its journal. */
  readonly onFault: (fault: unknown) => void;
}

/** Writes outcomes as they happen, a second's worth at a time, one write after the other. */
export class Journal {
  readonly #options: JournalOptions;
  #waiting: Outcome[] = [];
  #cancelTimer: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #faulty = false;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Takes an outcome. */
  add(outcome: Outcome): void {
    this.#waiting.push(outcome);
    if (this.#faulty) return;
    if (this.#waiting.length >= BATCH_SIZE) this.#begin();
    else this.#cancelTimer ??= this.#options.clock.after(BATCH_MS, () => this.#begin());
  }

  /** What to wait for, if anything, before further machines are worked on. */
  room(): Promise<void> | undefined {
    return this.#waiting.length >= CROWDED ? this.#writing : undefined;
  }

  /**
   * Writes what is left, and once more what could not be written before.
   * @throws what the last write threw
   */
  async close(): Promise<void> {
    this.#stopTimer();
    await this.#writing;
    this.#stopTimer();
    if (this.#waiting.length === 0) return;
    await this.#options.write(this.#waiting);
    this.#waiting = [];
  }

  #begin(): void {
    this.#stopTimer();
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting;
        this.#waiting = [];
        try {
          await this.#options.write(batch);
        } catch (fault) {
          this.#waiting = [...batch, ...this.#waiting];
          this.#faulty = true;
          this.#options.onFault(fault);
          return;
        }
      }
    } finally {
      this.#writing = undefined;
    }
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
