import { hostname } from "node:os";
import type { Appliance } from "../../appliance/appliance.ts";
import { thisProcess } from "../../appliance/local/process-identity.ts";
import type { RunKind } from "../../appliance/operations/runs.ts";
import type { Log } from "../../kit/define/call.ts";
import { resolveCount } from "../../kit/define/scalars.ts";
import { systemClock } from "../../rollout/clock.ts";
import { isOutcomeCode, isRight } from "../../rollout/codes.ts";
import { Heartbeat } from "../../rollout/heartbeat.ts";
import { holdLease, type Lease } from "../../rollout/lease.ts";
import { type Outcome, outcomeOf } from "../../rollout/outcome.ts";
import { reasons } from "../../rollout/reasons.ts";
import { journalOf } from "../../rollout/recording.ts";
import { continued, type Recording, recordingOf, without } from "../../rollout/results.ts";
import { type Limits, type RolloutResult, runRollout } from "../../rollout/run.ts";
import type { SshWorld } from "../../rollout/ssh-world.ts";
import { noCounts, summaryOf } from "../../rollout/summary.ts";
import { resultTable } from "../../rollout/table.ts";
import type { Recorded } from "../../rollout/tally.ts";
import type { Target } from "../../rollout/targets/target.ts";
import { verdictOn } from "../../rollout/verdict.ts";
import type { Crowd } from "./crowd.ts";
import { reallyGone, standingOf } from "./dropped.ts";
import { knownOf } from "./examine.ts";
import type { Session } from "./session.ts";
import { NOBODY_ANSWERS, tell } from "./telling.ts";

/** A run of a configuration. */
export interface Conduct {
  readonly kind: Exclude<RunKind, "refresh">;
  /** Who runs it, for people. Default: `pulumi`, and on which host. */
  readonly holder?: string | undefined;
  /** How long another run of the same configuration is waited for. Default 5 minutes. */
  readonly patienceMs?: number | undefined;
  readonly configurationId: string;
  readonly appliance: Appliance;
  readonly session: Session;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** The machines to work on. */
  readonly crowd: Crowd;
  /** True if those are only some of the targets: what is recorded of the others stays. */
  readonly partial: boolean;
  /** Machines that are no targets any more. */
  readonly dropped: readonly Target[];
  /** Whether the agents of those, or in a destroy of all, are removed; else they are only forgotten. */
  readonly uninstalls: boolean;
  readonly previous: Recording | undefined;
}

/** How a run of a configuration ended. */
export interface Conducted {
  readonly recording: Recording;
  /** Why it is not a success; empty if it is. */
  readonly reasons: readonly string[];
  /** Whether it was told to end before it was through with its machines. */
  readonly cancelled: boolean;
}

/** A run of the same configuration is waited for this long. */
const PATIENCE_MS = 300_000;
/** A killed run is over for others after this long, where they cannot see that its process is gone. */
const LEASE_SECONDS = 20;

/** Nothing recorded yet. */
export const NOTHING: Recording = { summary: summaryOf(noCounts()), results: {} };

/**
 * Works on the machines of a configuration under its lease, first on its targets and then on those that are none any
 * more, and gives what is to be recorded. Every outcome is in the appliance's journal as soon as it is known.
 *
 * @throws ProviderError `conflict` if another run does not end, ApplianceError if the journal cannot be written
 */
export async function conduct(run: Conduct): Promise<Conducted> {
  const { appliance, configurationId, kind, crowd, log, signal } = run;
  const heartbeat = new Heartbeat();
  const lease = await holdLease({
    store: appliance,
    run: {
      configurationId,
      kind,
      total: crowd.total + run.dropped.length,
      holder: run.holder ?? `pulumi ${kind} on ${hostname() || "a machine"}`,
      process: thisProcess(),
    },
    clock: systemClock,
    signal,
    patienceMs: run.patienceMs ?? PATIENCE_MS,
    leaseSeconds: LEASE_SECONDS,
    heartbeat,
    onBusy: run.patienceMs === 0 ? undefined : (message) => log.warn(`waiting: ${message}`),
  });
  try {
    const conducted = await conductWith(run, lease, heartbeat);
    await lease.finish(conducted.recording.summary);
    return conducted;
  } finally {
    lease.abandon();
  }
}

async function conductWith(run: Conduct, lease: Lease, heartbeat: Heartbeat): Promise<Conducted> {
  const { session, kind, crowd, log } = run;
  const before = await knownBefore(run);
  const limits = limitsOf(run);
  const world = session.world(kind === "destroy" ? "removed" : undefined);
  const main = await rollOut(run, lease, heartbeat, world, crowd, limits, before);
  const verdicts = [verdictOn(main, limits)];
  let cancelled = main.stopped?.kind === "cancelled";
  const outcomes = [...main.outcomes.values()];

  let recording = run.partial
    ? continued(run.previous ?? NOTHING, main.outcomes)
    : recordingOf(main.outcomes, main.summary);
  if (run.dropped.length > 0) {
    const recorded = run.previous?.results ?? {};
    recording = without(
      recording,
      run.dropped.map(({ key }) => key),
    );
    // A run over some of the targets knows of the others by what is recorded.
    const gone = reallyGone(run.dropped, recorded, [...main.outcomes.values(), ...standingOf(recording.results)]);
    if (run.uninstalls && gone.length > 0) {
      const stopped = verdicts.some((verdict) => !verdict.ok);
      const removal = stopped
        ? undefined
        : await rollOut(
            run,
            lease,
            heartbeat,
            session.world("removed"),
            { walk: () => gone, total: gone.length },
            whatIsLeft(limits, main),
            before,
          );
      recording = continued(recording, removal === undefined ? notBegun(gone) : notRemoved(removal));
      if (removal !== undefined) {
        verdicts.push(verdictOn(removal, whatIsLeft(limits, main)));
        cancelled ||= removal.stopped?.kind === "cancelled";
        outcomes.push(...removal.outcomes.values());
      }
    }
  }
  if (main.summary.absent > 0 && main.summary.absent === main.summary.total && kind !== "destroy")
    log.warn(NOBODY_ANSWERS);
  if (outcomes.length > 0) log.info(`\n${await resultTable(outcomes, { colour: false })}`);
  const broken = verdicts.find((verdict) => !verdict.ok);
  const why = reasons(outcomes);
  if (broken === undefined || broken.ok) {
    for (const line of why) log.warn(`tolerated: ${line}`);
    return { recording, reasons: [], cancelled };
  }
  return { recording, reasons: why.length > 0 ? why : [broken.why], cancelled };
}

async function rollOut(
  { signal, log, session, appliance }: Conduct,
  lease: Lease,
  heartbeat: Heartbeat,
  world: SshWorld,
  { walk, total }: Crowd,
  limits: Limits,
  { previous, first }: Before,
): Promise<RolloutResult> {
  const telling = tell(log, total);
  try {
    const result = await runRollout({
      targets: walk(),
      total,
      world,
      limits,
      retry: session.retry,
      clock: systemClock,
      random: Math.random,
      signal: AbortSignal.any([signal, lease.signal]),
      previous,
      first,
      journal: journalOf(appliance, lease.runId, heartbeat),
      onEvent(event) {
        heartbeat.see(event);
        telling.onEvent(event);
      },
    });
    const { stopped } = result;
    if (stopped?.kind === "journal") throw stopped.error;
    return result;
  } finally {
    telling.end();
  }
}

/** What earlier runs say of the machines. */
interface Before {
  readonly previous: ReadonlyMap<string, Recorded>;
  /** Looked at before all others: what became of them is not known. */
  readonly first: readonly Target[];
}

async function knownBefore({
  appliance,
  configurationId,
  previous: recorded,
  crowd,
  partial,
}: Conduct): Promise<Before> {
  const previous = knownOf(recorded?.results ?? {});
  const { outcomes } = await appliance.unfinished({ configurationId });
  for (const { machine, class: outcomeClass, code } of outcomes)
    if (isOutcomeCode(code)) previous.set(machine, { class: outcomeClass, code });
  // Those whose end is not known come first, where the order of the targets is ours to choose.
  if (partial || crowd.total > previous.size * 4) return { previous, first: [] };
  const lost = new Set([...previous].filter(([, { code }]) => code === "lost").map(([machine]) => machine));
  return { previous, first: lost.size === 0 ? [] : [...crowd.walk()].filter(({ key }) => lost.has(key)) };
}

/** Budgets in a run over some of the machines are shares of all of them. */
function limitsOf({ session: { limits }, partial, previous }: Conduct): Limits {
  if (!partial || previous === undefined) return limits;
  const there = previous.summary.total - previous.summary.absent;
  const share = (value: Limits["maxFailures"]) => resolveCount(value, there);
  return { ...limits, maxFailures: share(limits.maxFailures), maxUnreachable: share(limits.maxUnreachable) };
}

/** Both parts of a run keep to the same budgets: what the first one used up is not there for the second. */
function whatIsLeft(limits: Limits, { summary }: RolloutResult): Limits {
  const there = summary.total - summary.absent;
  const left = (value: Limits["maxFailures"], used: number) => Math.max(0, resolveCount(value, there) - used);
  return {
    ...limits,
    maxFailures: left(limits.maxFailures, summary.failed),
    maxUnreachable: left(limits.maxUnreachable, summary.unreachable),
  };
}

/** Machines that are no targets any more and whose agent could not be removed: they stay recorded, so that it is tried again. */
function notRemoved({ outcomes }: RolloutResult): ReadonlyMap<string, Outcome> {
  return new Map([...outcomes].filter(([, outcome]) => !isRight(outcome.class)));
}

/** Machines whose removal did not begin, because the run stopped before. */
function notBegun(gone: readonly Target[]): ReadonlyMap<string, Outcome> {
  return new Map(
    gone.map((target) => [
      target.key,
      outcomeOf(target.key, target, { code: "not-attempted", action: "remove" }, 0, undefined),
    ]),
  );
}
