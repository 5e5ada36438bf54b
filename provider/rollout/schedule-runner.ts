import type { Appliance } from "../appliance/appliance.ts";
import { everyPage } from "../appliance/every-page.ts";
import type { ScheduledConfiguration } from "../appliance/operations/schedules.ts";
import { nextRun } from "../appliance/schedules/next-runs.ts";
import { parseSchedule } from "../appliance/schedules/parse.ts";
import type { Clock } from "./clock.ts";
import { messageOf } from "./stop.ts";

/** The part of an appliance that knows what is due. */
export type ScheduleStore = Pick<Appliance, "listOrganizations" | "listSchedules" | "settleSchedule">;

/** A configuration whose time has come. */
export interface DueRun {
  readonly configurationId: string;
  readonly name: string;
  readonly organization: string;
  /** Since when, in milliseconds since 1970. */
  readonly dueMs: number;
  /** True if somebody asked for it. */
  readonly requested: boolean;
}

/**
 * How a run ended: `cancelled` before it was through with its machines; `busy` did not begin, because another run of the
 * configuration goes on, and is tried again.
 */
export type RunEnd =
  | { readonly kind: "ended" | "cancelled"; readonly summary: string; readonly reasons: readonly string[] }
  | { readonly kind: "busy"; readonly message: string };

export interface ScheduleRunnerOptions {
  readonly store: ScheduleStore;
  /** Runs a configuration to its end. Throws where it could not begin with its first machine. */
  readonly run: (due: DueRun, signal: AbortSignal) => Promise<RunEnd>;
  /** The wall clock: milliseconds since 1970. */
  readonly nowMs: () => number;
  /** For waiting only. */
  readonly clock: Clock;
  /** Of the appliance, for schedules that name none. */
  readonly timezone: string;
  /** So many configurations are run at once; the others wait for their turn. */
  readonly maxAtOnce: number;
  readonly lookEveryMs: number;
  /** Gets one line at a time. */
  readonly log: (line: string) => void;
}

/** A time of the wall clock this far ahead was written before somebody set the clock back. */
const AHEAD_MS = 60_000;
const MAX_FAULT = 4_000;

/**
 * Runs configurations when they are due, as long as it is not stopped. What was due while nothing ran, or was broken off,
 * is caught up with by one run. A configuration does not overlap with itself: what becomes due while it runs is left out.
 * A run that fails ends nothing but itself.
 *
 * @example
 * const runner = new ScheduleRunner({ store: appliance, run, nowMs: Date.now, clock: systemClock, timezone: "UTC",
 *   maxAtOnce: 4, lookEveryMs: 1_000, log });
 * runner.start();
 * await runner.stop();
 */
export class ScheduleRunner {
  readonly #options: ScheduleRunnerOptions;
  readonly #running = new Map<string, Promise<void>>();
  /** Those of which it was said that another run is in their way. */
  readonly #waiting = new Set<string>();
  readonly #stop = new AbortController();
  #cancelTimer: (() => void) | undefined;
  #looking: Promise<void> | undefined;
  #trouble: string | undefined;

  constructor(options: ScheduleRunnerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#lookNow();
  }

  /** Begins no further run and ends those that go on, as the first Ctrl-C does; they are caught up with at the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#cancelTimer?.();
    await this.#looking;
    await Promise.all(this.#running.values());
  }

  #lookNow(): void {
    if (this.#stop.signal.aborted || this.#looking !== undefined) return;
    this.#cancelTimer?.();
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
      if (this.#stop.signal.aborted) return;
      this.#cancelTimer = this.#options.clock.after(this.#options.lookEveryMs, () => this.#lookNow());
    });
  }

  async #look(): Promise<void> {
    const { log, maxAtOnce } = this.#options;
    try {
      const due = await this.#due();
      for (const run of due.sort((a, b) => a.dueMs - b.dueMs)) {
        if (this.#stop.signal.aborted || this.#running.size >= maxAtOnce) break;
        this.#begin(run);
      }
      if (this.#trouble !== undefined) log("looking for scheduled runs works again");
      this.#trouble = undefined;
    } catch (error) {
      const message = messageOf(error);
      if (message !== this.#trouble) log(`looking for scheduled runs failed: ${message}`);
      this.#trouble = message;
    }
  }

  async #due(): Promise<DueRun[]> {
    const { store, nowMs } = this.#options;
    const { organizations } = await store.listOrganizations({});
    const due: DueRun[] = [];
    // Also one that ends while this look reads: what it reads of that one may be from before the end.
    const running = new Set(this.#running.keys());
    for (const { name: organization } of organizations) {
      const scheduled = await everyPage(async (after) => {
        const { schedules, next } = await store.listSchedules({ organization, limit: 1_000, after });
        return { items: schedules, next };
      });
      for (const configuration of scheduled) {
        if (!configuration.enabled || running.has(configuration.configurationId)) continue;
        await this.#mindTheClock(configuration);
        const run = dueRun(configuration, nowMs(), this.#options.timezone);
        if (run !== undefined) due.push({ ...run, organization });
      }
    }
    return due;
  }

  /** Somebody set the clock back: what was served in a future that is no more says nothing about what is due. */
  async #mindTheClock({ configurationId, servedUntil }: ScheduledConfiguration): Promise<void> {
    const { store, nowMs } = this.#options;
    const now = nowMs();
    if (Date.parse(servedUntil) <= now + AHEAD_MS) return;
    await store.settleSchedule({ configurationId, until: new Date(now).toISOString() });
  }

  #begin(due: DueRun): void {
    const { configurationId } = due;
    const run = this.#run(due).finally(() => {
      this.#running.delete(configurationId);
      // Whoever waits for a turn need not wait for the next look. One that was busy would only be so again.
      if (!this.#waiting.has(configurationId)) this.#lookNow();
    });
    this.#running.set(configurationId, run);
  }

  async #run(due: DueRun): Promise<void> {
    const { log, run } = this.#options;
    const { name, configurationId } = due;
    const why = due.requested ? "asked for" : `due since ${new Date(due.dueMs).toISOString()}`;
    if (!this.#waiting.has(configurationId)) log(`scheduled run of "${name}" begins (${why})`);
    let fault: string | undefined;
    try {
      const end = await run(due, this.#stop.signal);
      if (end.kind === "busy") {
        if (!this.#waiting.has(configurationId)) log(`scheduled run of "${name}" waits: ${end.message}`);
        this.#waiting.add(configurationId);
        return;
      }
      if (end.kind === "cancelled") {
        log(`scheduled run of "${name}" was stopped, and is gone on with at the next start: ${end.summary}`);
        return;
      }
      log(`scheduled run of "${name}" ended: ${end.summary}`);
      for (const reason of end.reasons) log(`  ${reason}`);
    } catch (error) {
      if (this.#stop.signal.aborted) {
        log(`scheduled run of "${name}" was stopped, and is gone on with at the next start`);
        return;
      }
      fault = messageOf(error);
      log(`scheduled run of "${name}" failed: ${fault}`);
    }
    this.#waiting.delete(configurationId);
    await this.#settle(configurationId, fault);
  }

  async #settle(configurationId: string, fault: string | undefined): Promise<void> {
    const { store, nowMs, log } = this.#options;
    const until = new Date(nowMs()).toISOString();
    try {
      await store.settleSchedule({
        configurationId,
        until,
        ...(fault !== undefined && { fault: fault.slice(0, MAX_FAULT) }),
      });
    } catch (error) {
      // It is run once more, which changes nothing on machines that are right.
      log(`that a scheduled run ended was not recorded: ${messageOf(error)}`);
    }
  }
}

/** What is due of a configuration at a moment: one run, however many were missed. */
export function dueRun(
  { configurationId, name, schedule, servedUntil, requestedAt }: ScheduledConfiguration,
  nowMs: number,
  timezone: string,
): Omit<DueRun, "organization"> | undefined {
  if (requestedAt !== undefined) return { configurationId, name, dueMs: Date.parse(requestedAt), requested: true };
  const parsed = parseSchedule(schedule);
  if (!parsed.ok) return undefined; // written by another version, which listed it as it is
  const dueMs = nextRun(parsed.schedule, Date.parse(servedUntil), timezone);
  return dueMs === undefined || dueMs > nowMs ? undefined : { configurationId, name, dueMs, requested: false };
}
