import { setMaxListeners } from "node:events";
import type { Percentage } from "../kit/define/scalars.ts";
import { resolveCount } from "../kit/define/scalars.ts";
import type { Budgets } from "./budget.ts";
import type { Clock } from "./clock.ts";
import type { RolloutEvent } from "./events.ts";
import type { Outcome } from "./outcome.ts";
import type { RetryPolicy } from "./retry.ts";
import type { RolloutResult } from "./rollout.ts";
import { Rollout } from "./rollout.ts";
import type { Recorded } from "./tally.ts";
import type { Planned, RolloutWorld, Target } from "./world.ts";

export type { RolloutResult } from "./rollout.ts";

/** How fast a rollout goes, and when it stops. */
export interface Limits extends Budgets {
  /** How many connections are in their handshake at once, which costs both sides more than an open one. */
  readonly maxHandshakes: number | Percentage;
  /** How many machines are worked on at once. */
  readonly maxConcurrency: number | Percentage;
  /** After this time no further machine is begun; those that were begun are finished. */
  readonly deadlineMs?: number | undefined;
}

/** What a rollout needs, whether it is carried out or only previewed. */
export interface PreviewOptions<Look, Plan extends Planned = Planned> {
  /** In order, each key once. Walked once, and only as fast as they are worked on. */
  readonly targets: Iterable<Target>;
  /** How many targets there are. */
  readonly total: number;
  readonly world: RolloutWorld<Look, Plan>;
  readonly limits: Limits;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  /** A number from 0 to below 1. */
  readonly random: () => number;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Aborted by the second: what is in flight ends now. */
  readonly abortSignal?: AbortSignal | undefined;
  /** What is recorded of machines, by key: these are never `absent`, and keep their keys. */
  readonly previous?: ReadonlyMap<string, Recorded> | undefined;
  /** Targets that are looked at before all others, such as those that were `lost`; they are among `targets` too. */
  readonly first?: readonly Target[] | undefined;
  readonly onEvent?: ((event: RolloutEvent) => void) | undefined;
}

/** What a rollout needs that is carried out. */
export interface RolloutOptions<Look, Plan extends Planned = Planned> extends PreviewOptions<Look, Plan> {
  /** Writes outcomes down for good, as they happen; the same machine again replaces what was written of it. */
  readonly journal: (outcomes: readonly Outcome[]) => Promise<void>;
  /** How long work in flight may go on after the first Ctrl-C. Default 20 s. */
  readonly cancelGraceMs?: number | undefined;
}

/**
 * Brings every target to exactly one outcome.
 *
 * At most `maxConcurrency` machines are worked on and at most `maxHandshakes` connections are made at once. Faults of
 * the transport are tried again with full jitter, other faults never. A budget that is overrun, the deadline, a journal
 * that cannot be written or a cancelled `signal` stop it: no further machine is begun, the rest is `not-attempted`,
 * and what is in flight ends first (after a cancel within the time of grace, then it is `lost`).
 *
 * @throws what walking the targets threw, after what was begun has ended and been written down
 * @example
 * const { outcomes, summary } = await runRollout({ targets, total: 3, world, limits, retry, clock: systemClock,
 *   random: Math.random, signal, journal: (rows) => appliance.recordOutcomes({ runId, outcomes: rows }) });
 */
export async function runRollout<Look, Plan extends Planned>(
  options: RolloutOptions<Look, Plan>,
): Promise<RolloutResult> {
  return await new Rollout({ ...common(options), journal: options.journal }).run();
}

/**
 * The same run without its last step: machines are looked at and planned for, and nothing is written anywhere. What
 * would be done is in the outcomes with the code `planned`. Budgets do not stop it, so that it shows everything.
 */
export async function previewRollout<Look, Plan extends Planned>(
  options: PreviewOptions<Look, Plan>,
): Promise<RolloutResult> {
  return await new Rollout(common(options)).run();
}

const CANCEL_GRACE_MS = 20_000;

function common<Look, Plan extends Planned>(
  options: PreviewOptions<Look, Plan> & { readonly cancelGraceMs?: number | undefined },
) {
  const { limits, total } = options;
  setMaxListeners(0, options.signal);
  return {
    targets: inOrder(options.first ?? [], options.targets),
    total,
    world: options.world,
    maxHandshakes: Math.max(1, resolveCount(limits.maxHandshakes, total)),
    maxConcurrency: Math.max(1, resolveCount(limits.maxConcurrency, total)),
    budgets: limits,
    deadlineMs: limits.deadlineMs,
    retry: options.retry,
    clock: options.clock,
    random: options.random,
    signal: options.signal,
    abortSignal: options.abortSignal,
    cancelGraceMs: options.cancelGraceMs ?? CANCEL_GRACE_MS,
    previous: options.previous ?? new Map<string, Recorded>(),
    onEvent: options.onEvent,
  };
}

function* inOrder(first: readonly Target[], targets: Iterable<Target>): Generator<Target> {
  yield* first;
  const before = new Set(first.map(({ key }) => key));
  for (const target of targets) if (!before.has(target.key)) yield target;
}
