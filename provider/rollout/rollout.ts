import type { Budgets } from "./budget.ts";
import { overrunOf } from "./budget.ts";
import type { Clock } from "./clock.ts";
import { wait } from "./clock.ts";
import { codeOf, endingOf, lookEndingOf } from "./ending.ts";
import type { RolloutEvent } from "./events.ts";
import { Gate } from "./gate.ts";
import { Journal } from "./journal.ts";
import type { Ending, Outcome } from "./outcome.ts";
import type { RetryPolicy } from "./retry.ts";
import { retryDelayMs } from "./retry.ts";
import type { Stop } from "./stop.ts";
import { describeStop } from "./stop.ts";
import { Stopper } from "./stopper.ts";
import type { Summary } from "./summary.ts";
import type { Recorded } from "./tally.ts";
import { Tally } from "./tally.ts";
import type { Ended, LookContext, Looked, Planned, RolloutWorld, Sifted, Target, WorkContext } from "./world.ts";

/** A run with all its limits as numbers. Without a journal it is a preview: nothing is carried out. */
export interface RunPlan<Look, Plan extends Planned> {
  readonly targets: Iterable<Target>;
  readonly total: number;
  readonly world: RolloutWorld<Look, Plan>;
  readonly maxHandshakes: number;
  readonly maxConcurrency: number;
  readonly budgets: Budgets;
  readonly deadlineMs: number | undefined;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly abortSignal: AbortSignal | undefined;
  readonly cancelGraceMs: number;
  readonly previous: ReadonlyMap<string, Recorded>;
  readonly journal?: (outcomes: readonly Outcome[]) => Promise<void>;
  readonly onEvent: ((event: RolloutEvent) => void) | undefined;
}

/** How a rollout ended. */
export interface RolloutResult {
  /** By machine, in the order they ended; absent addresses and second names of a machine are left out. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly summary: Summary;
  /** Why it ended before its time, if it did. */
  readonly stopped?: Stop | undefined;
}

/** One run, from its first target to its summary. It is used once. */
export class Rollout<Look, Plan extends Planned> {
  readonly #plan: RunPlan<Look, Plan>;
  readonly #tally: Tally;
  readonly #stopper: Stopper;
  readonly #journal: Journal | undefined;
  readonly #work: WorkContext;
  /** Shared by all first attempts on known and on unknown targets: a context for each target would be waste. */
  readonly #firstLooks: Readonly<Record<"known" | "unknown", LookContext>>;
  #turn = 0;
  #targetsFault: { readonly error: unknown } | undefined;

  constructor(plan: RunPlan<Look, Plan>) {
    this.#plan = plan;
    this.#tally = new Tally(plan.total, plan.previous);
    this.#stopper = new Stopper({ ...plan, onStop: (stop) => this.#emit({ kind: "stopping", stop }) });
    const { journal: write, clock } = plan;
    this.#journal =
      write === undefined
        ? undefined
        : new Journal({ write, clock, onFault: (error) => this.#stopper.halt({ kind: "journal", error }) });
    const gate = new Gate(plan.maxHandshakes);
    const handshake = <T>(connect: () => Promise<T>) => gate.pass(connect);
    this.#work = { signal: this.#stopper.work, handshake };
    const look = { signal: this.#stopper.looks, attempt: 1, handshake };
    this.#firstLooks = { known: { ...look, known: true }, unknown: { ...look, known: false } };
  }

  async run(): Promise<RolloutResult> {
    try {
      const stream = this.#sifted()[Symbol.asyncIterator]();
      const lanes = Math.min(this.#plan.maxConcurrency, Math.max(1, this.#plan.total));
      await Promise.all(Array.from({ length: lanes }, () => this.#lane(stream)));
      await this.#closeJournal();
    } finally {
      this.#stopper.close();
    }
    if (this.#targetsFault !== undefined) throw this.#targetsFault.error;
    return { outcomes: this.#tally.outcomes, summary: this.#tally.close(), stopped: this.#stopper.stop };
  }

  #sifted(): AsyncIterable<Sifted> {
    const { world, targets } = this.#plan;
    if (world.sift === undefined) return unsifted(targets);
    return world.sift(targets, { signal: this.#stopper.begins, known: ({ key }) => this.#tally.isKnown(key) });
  }

  /** Works on one target after the other until there is none. */
  async #lane(stream: AsyncIterator<Sifted>): Promise<void> {
    for (;;) {
      let next: IteratorResult<Sifted>;
      try {
        next = await stream.next();
      } catch (error) {
        this.#targetsFault ??= { error };
        this.#stopper.halt({ kind: "targets", error });
        return;
      }
      if (next.done === true) return;
      const { target, ending } = next.value;
      const turn = this.#turn++;
      const startMs = this.#plan.clock.nowMs();
      const { stop } = this.#stopper;
      const found = ending ?? (stop === undefined ? await this.#attend(target, turn, startMs) : notBegun(stop));
      if (found === undefined) continue;
      const outcome = this.#tally.settle(target, found, this.#plan.clock.nowMs() - startMs, this.#record);
      this.#emit({ kind: "finished", outcome });
      this.#keepToBudgets();
      await this.#journal?.room();
    }
  }

  /** How the work on a target ends; `undefined` if another target stands for its machine. */
  async #attend(target: Target, turn: number, startMs: number): Promise<Ending | undefined> {
    this.#emit({ kind: "started", machine: target.key });
    try {
      const looked = await this.#lookUntilSeen(target);
      if (looked === undefined) return this.#broken("cancelled");
      if (looked.kind === "ended") return looked.ending;
      try {
        const durationMs = this.#plan.clock.nowMs() - startMs;
        const own = this.#tally.claim(target, turn, looked.identity, durationMs, this.#record);
        if (own) return await this.#planAndAct(target, looked.look);
        this.#emit({ kind: "merged", machine: target.key });
        return undefined;
      } finally {
        await this.#release(target, looked.look);
      }
    } catch (error) {
      const ending = lookEndingOf(error);
      if (ending.code === "internal") this.#emit({ kind: "fault", machine: target.key, error });
      return ending;
    }
  }

  /** Looks at a machine, again and again after faults of the transport. */
  async #lookUntilSeen(target: Target): Promise<Looked<Look> | Ended | undefined> {
    const { world, retry, clock, random } = this.#plan;
    const context = this.#firstLooks[this.#tally.isKnown(target.key) ? "known" : "unknown"];
    for (let attempt = 1; ; attempt++) {
      try {
        const looking = world.look(target, attempt === 1 ? context : { ...context, attempt });
        return await this.#stopper.patiently(looking, (error) => this.#late(target, error));
      } catch (error) {
        if (this.#stopper.looks.aborted) return undefined;
        const delayMs = retryDelayMs(error, attempt, retry, random());
        if (delayMs === undefined || this.#stopper.stop !== undefined) throw error;
        this.#emit({ kind: "retrying", machine: target.key, code: codeOf(error), attempt, delayMs });
        if (await wait(clock, delayMs, this.#stopper.begins)) continue;
        if (this.#stopper.looks.aborted) return undefined;
        throw error;
      }
    }
  }

  async #planAndAct(target: Target, look: Look): Promise<Ending> {
    const { world, journal } = this.#plan;
    const planned = world.plan(look);
    if (planned.kind === "ended") return planned.ending;
    const { action, reason, facts } = planned;
    if (journal === undefined) return { ...facts, code: "planned", action, message: reason };
    const { stop } = this.#stopper;
    if (stop !== undefined) return { ...facts, ...notBegun(stop), action };
    this.#emit({ kind: "acting", machine: target.key, action, reason });
    try {
      const acting = world.carryOut(look, planned, this.#work);
      const ending = await this.#stopper.patiently(acting, (error) => this.#late(target, error));
      return ending ?? { ...facts, ...this.#broken("lost"), action };
    } catch (error) {
      const ending = endingOf(error, action, facts);
      if (ending.code === "internal") this.#emit({ kind: "fault", machine: target.key, error });
      return ending;
    }
  }

  /** How work ends that was not waited for. */
  #broken(code: "cancelled" | "lost"): Ending {
    const { stop } = this.#stopper;
    const why = stop === undefined ? "the run was cancelled" : describeStop(stop);
    const message = code === "lost" ? `${why}; how far the work went is not known` : why;
    return { code, action: "none", message };
  }

  async #release(target: Target, look: Look): Promise<void> {
    try {
      await this.#stopper.patiently(this.#plan.world.release(look), (error) => this.#late(target, error));
    } catch (error) {
      this.#late(target, error);
    }
  }

  /** An error after everything was said about a machine changes nothing, and must not be lost either. */
  #late(target: Target, error: unknown): void {
    this.#emit({ kind: "fault", machine: target.key, error });
  }

  /** Absent addresses are not written down one by one: a range may have millions of them. */
  readonly #record = (outcome: Outcome): void => {
    if (outcome.code !== "absent") this.#journal?.add(outcome);
  };

  #keepToBudgets(): void {
    if (this.#journal === undefined || this.#stopper.stop !== undefined) return;
    if (this.#tally.count("failed") === 0 && this.#tally.count("unreachable") === 0) return;
    const overrun = overrunOf(this.#tally.standing(), this.#plan.budgets);
    if (overrun !== undefined) this.#stopper.halt(overrun);
  }

  async #closeJournal(): Promise<void> {
    try {
      await this.#journal?.close();
    } catch (error) {
      this.#stopper.halt({ kind: "journal", error });
    }
  }

  #emit(event: RolloutEvent): void {
    this.#plan.onEvent?.(event);
  }
}

function notBegun(stop: Stop): Ending {
  return { code: "not-attempted", action: "none", message: describeStop(stop) };
}

async function* unsifted(targets: Iterable<Target>): AsyncGenerator<Sifted> {
  for (const target of targets) yield { target };
}
