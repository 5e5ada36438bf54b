import type { Input, Output } from "../appliance/appliance.ts";
import { ApplianceError } from "../appliance/errors.ts";
import { ProviderError } from "../kit/define/errors.ts";
import { type Clock, wait } from "./clock.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { messageOf } from "./stop.ts";
import type { Summary } from "./summary.ts";

/** The part of an appliance that hands out leases. */
export interface LeaseStore {
  startRun(input: Input<"startRun">): Promise<Output<"startRun">>;
  renewLease(input: Input<"renewLease">): Promise<unknown>;
  finishRun(input: Input<"finishRun">): Promise<unknown>;
}

/** What a lease is for, and how patiently it is asked for. */
export interface LeaseOptions {
  readonly store: LeaseStore;
  readonly run: Omit<Input<"startRun">, "leaseSeconds">;
  readonly clock: Clock;
  /** Ends the waiting for a lease that another run has. */
  readonly signal: AbortSignal;
  /** How long to wait for another run to end. */
  readonly patienceMs: number;
  /** Default 60: so long after a killed run the next one may begin. */
  readonly leaseSeconds?: number | undefined;
  /** How far the run is: the appliance hears of it as it changes, without it never. */
  readonly heartbeat?: Heartbeat | undefined;
  /** Told once, when another run is in the way. */
  readonly onBusy?: ((message: string) => void) | undefined;
}

const LEASE_SECONDS = 60;
const ASK_AGAIN_MS = 1_000;
/** So old may be what the appliance knows of a run that goes on. */
const TELL_MS = 2_000;

/**
 * A configuration's right to be worked on, held by one run at a time and renewed until it is given back. `signal` is
 * aborted, with the reason, once it is lost: another run may be at work then, so this one must begin nothing more.
 */
export class Lease {
  readonly runId: string;
  readonly #store: LeaseStore;
  readonly #clock: Clock;
  readonly #seconds: number;
  readonly #heartbeat: Heartbeat | undefined;
  readonly #lost = new AbortController();
  #cancelTimer: (() => void) | undefined;
  #renewedAtMs: number;
  #over = false;

  /** Use {@link holdLease}. */
  constructor(runId: string, store: LeaseStore, clock: Clock, seconds: number, heartbeat: Heartbeat | undefined) {
    this.runId = runId;
    this.#store = store;
    this.#clock = clock;
    this.#seconds = seconds;
    this.#heartbeat = heartbeat;
    this.#renewedAtMs = clock.nowMs();
    this.#renewLater();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Ends the run and gives the lease back. */
  async finish(summary: Summary): Promise<void> {
    this.abandon();
    await this.#store.finishRun({ runId: this.runId, summary });
  }

  /** Stops renewing: the run did not come to its end, and the next one goes on where it was. May be called twice. */
  abandon(): void {
    this.#over = true;
    this.#cancelTimer?.();
  }

  #renewLater(): void {
    if (this.#over) return;
    const third = (this.#seconds * 1_000) / 3;
    const pauseMs = this.#heartbeat === undefined ? third : Math.min(third, TELL_MS);
    this.#cancelTimer = this.#clock.after(pauseMs, () => {
      const isDue = this.#clock.nowMs() - this.#renewedAtMs + pauseMs > third;
      if (isDue || this.#heartbeat?.isNews === true) void this.#renew();
      else this.#renewLater();
    });
  }

  async #renew(): Promise<void> {
    try {
      const askedAtMs = this.#clock.nowMs();
      const progress = this.#heartbeat?.tell();
      await this.#store.renewLease({ runId: this.runId, leaseSeconds: this.#seconds, progress });
      this.#renewedAtMs = askedAtMs;
    } catch (error) {
      const taken = error instanceof ApplianceError && error.code === "conflict";
      const left = this.#renewedAtMs + this.#seconds * 1_000 - this.#clock.nowMs();
      // An appliance that does not answer is asked again while the lease still runs.
      if (taken || left <= (this.#seconds * 1_000) / 3) this.#lose(error);
    }
    this.#renewLater();
  }

  #lose(error: unknown): void {
    if (this.#over) return;
    this.abandon();
    const message = `the right to work on this configuration was lost: ${messageOf(error)}`;
    this.#lost.abort(new ProviderError({ code: "conflict", message, cause: error }));
  }
}

/**
 * Takes the lease of a configuration, waiting for a run that has it.
 *
 * @throws BusyError, naming who has it, if that run does not end in time; ApplianceError for all else
 * @example const lease = await holdLease({ store: appliance, run: { configurationId, kind: "up", holder }, clock, signal, patienceMs: 60_000 });
 */
export async function holdLease(options: LeaseOptions): Promise<Lease> {
  const { store, run, clock, signal, patienceMs, leaseSeconds = LEASE_SECONDS, heartbeat, onBusy } = options;
  const untilMs = clock.nowMs() + patienceMs;
  for (let told = false; ; told = true) {
    try {
      const { runId } = await store.startRun({ ...run, leaseSeconds });
      return new Lease(runId, store, clock, leaseSeconds, heartbeat);
    } catch (error) {
      if (!(error instanceof ApplianceError) || error.code !== "conflict") throw error;
      if (!told) onBusy?.(error.message);
      const leftMs = untilMs - clock.nowMs();
      if (leftMs <= 0 || !(await wait(clock, Math.min(leftMs, ASK_AGAIN_MS), signal))) throw new BusyError(error);
    }
  }
}

/** Another run of the configuration goes on, and did not end in time: this one did not begin. */
export class BusyError extends ProviderError {
  constructor(error: ApplianceError) {
    super({
      code: "conflict",
      message: `[busy] ${error.message}`,
      hint: error.hint ?? "run `pulumi up` again once it has ended",
      cause: error,
    });
  }
}
