import type { OutcomeClass } from "../appliance/operations/outcome-classes.ts";
import type { OutcomeCode } from "./codes.ts";
import { isRight, saysNothing } from "./codes.ts";
import { inNaturalOrder } from "./natural-order.ts";
import type { Outcome } from "./outcome.ts";
import type { Summary } from "./summary.ts";
import { summaryOf } from "./summary.ts";

/** Above so many machines only those that are not right are recorded, and no more than these. */
export const MAX_RECORDED = 2_000;

/** How one machine stands, in the form the state keeps: under 300 bytes, and nothing that changes by itself. */
export interface Result {
  /** Only where the machine was given by name. */
  readonly address?: string | undefined;
  readonly platform?: string | undefined;
  readonly action: string;
  readonly class: OutcomeClass;
  readonly code: string;
  readonly version?: string | undefined;
  readonly server?: string | undefined;
  /** The agent's own identity (KUID). */
  readonly identity?: string | undefined;
}

/** Results by machine. */
export type Results = Readonly<Record<string, Result>>;

/** What the state keeps of a rollout. */
export interface Recording {
  readonly summary: Summary;
  readonly results: Results;
}

/**
 * What to record of these outcomes: every machine, or above 2,000 only those that are not right, the first 2,000 of
 * them. In the order of the machines' keys, so that equal fleets make equal states.
 */
export function recordingOf(outcomes: ReadonlyMap<string, Outcome>, summary: Summary): Recording {
  const entries: [string, Result][] = [];
  const all = outcomes.size <= MAX_RECORDED;
  for (const [machine, outcome] of outcomes) {
    if (outcome.class !== "absent" && (all || !isRight(outcome.class))) entries.push([machine, resultOf(outcome)]);
  }
  return { summary, results: inOrder(entries) };
}

function inOrder(entries: [string, Result][]): Results {
  const ordered = entries.sort(([a], [b]) => inNaturalOrder(a, b));
  return Object.fromEntries(ordered.slice(0, MAX_RECORDED));
}

/** The recorded form of an outcome. */
export function resultOf(outcome: Outcome): Result {
  const { machine, address, platform, version, server, kuid } = outcome;
  return {
    ...(address !== undefined && address !== machine && { address }),
    ...(platform !== undefined && { platform }),
    action: outcome.action,
    class: outcome.class,
    code: outcome.code,
    ...(version !== undefined && { version }),
    ...(server !== undefined && { server }),
    ...(kuid !== undefined && { identity: kuid }),
  };
}

/** Whether every machine is recorded, not only those that are not right. */
export function isWhole({ summary }: Recording): boolean {
  return summary.total - summary.absent <= MAX_RECORDED;
}

/** Whether everything that is recorded is right: otherwise a program that did not change has something to do. */
export function allRight({ summary, results }: Recording): boolean {
  const { failed, unreachable, notAttempted } = summary;
  return failed + unreachable + notAttempted === 0 && Object.values(results).every((result) => isRight(result.class));
}

/** Where the recorded results are not right, as property paths; the summary where it knows of more than are listed. */
export function driftPaths({ summary, results }: Recording): (readonly string[])[] {
  const paths: string[][] = [];
  for (const [machine, result] of Object.entries(results)) {
    if (!isRight(result.class)) paths.push(["results", machine]);
  }
  if (summary.failed + summary.unreachable + summary.notAttempted > paths.length) paths.push(["summary"]);
  return paths;
}

/**
 * What a refresh makes of what is recorded. A machine that could not be looked at keeps its record: no news is not
 * drift, unless it shows another host key. One that is right keeps its record too, but for what is known better now (the version, after an update). One
 * that contradicts its record becomes `drifted`, with the action that would put it right; one that is blocked says why.
 * A machine that was not recorded and could not be looked at stays so.
 */
export function refreshed(recorded: Recording, looked: ReadonlyMap<string, Outcome>): Recording {
  const results = new Map(Object.entries(recorded.results));
  const counts: Record<OutcomeClass, number> = { ...withoutRest(recorded.summary) };
  const listsAll = isWhole(recorded);
  for (const [machine, outcome] of looked) {
    const before = results.get(machine);
    const after = resultAfterLook(before, outcome);
    if (after === undefined || (before === undefined && !listsAll && isRight(after.class))) continue;
    if (before?.class !== after.class) move(counts, before?.class ?? unlisted(counts, listsAll), after.class);
    if (listsAll || !isRight(after.class)) results.set(machine, after);
    else results.delete(machine);
  }
  return { summary: summaryOf(counts), results: inOrder([...results]) };
}

/**
 * What a run over some machines makes of what is recorded of all: theirs is replaced, the rest stays.
 * @param outcomes of machines that are recorded, or new
 */
export function continued(recorded: Recording, outcomes: ReadonlyMap<string, Outcome>): Recording {
  const results = new Map(Object.entries(recorded.results));
  const counts: Record<OutcomeClass, number> = { ...withoutRest(recorded.summary) };
  const listsAll = isWhole(recorded);
  for (const [machine, outcome] of outcomes) {
    move(counts, results.get(machine)?.class, outcome.class);
    if (listsAll || !isRight(outcome.class)) results.set(machine, resultOf(outcome));
    else results.delete(machine);
  }
  return { summary: summaryOf(counts), results: inOrder([...results]) };
}

/** What is recorded without machines that are no longer targets. */
export function without(recorded: Recording, machines: Iterable<string>): Recording {
  const results = new Map(Object.entries(recorded.results));
  const counts: Record<OutcomeClass, number> = { ...withoutRest(recorded.summary) };
  for (const machine of machines) {
    const before = results.get(machine);
    if (before === undefined) continue;
    counts[before.class]--;
    results.delete(machine);
  }
  return { summary: summaryOf(counts), results: inOrder([...results]) };
}

/**
 * A machine that shows another host key than the one it was recorded with was set up anew, or is another: its record no
 * longer tells of it, though nothing could be looked at.
 */
function isNoNews(before: Result | undefined, { code }: Outcome): boolean {
  return saysNothing(code) && (before === undefined || code !== "host-key-changed");
}

/**
 * The machines that are recorded as right and of which a look says nothing new, with the reason: what is recorded of
 * them may not hold any more.
 * @example unseen(recorded, looked) // ["web01 (port-filtered)"]
 */
export function unseen({ results }: Recording, looked: ReadonlyMap<string, Outcome>): string[] {
  return [...looked].flatMap(([machine, outcome]) => {
    const before = results[machine];
    const hidden = before !== undefined && isRight(before.class) && isNoNews(before, outcome);
    return hidden ? [`${machine} (${outcome.code})`] : [];
  });
}

function resultAfterLook(before: Result | undefined, outcome: Outcome): Result | undefined {
  if (isNoNews(before, outcome) || outcome.class === "absent") return before;
  const now = resultOf(outcome);
  if (outcome.code === "planned") {
    // Adopting an agent that is right changes nothing that was recorded.
    const drifted = { ...now, code: "drifted" satisfies OutcomeCode };
    return outcome.action === "none" ? (before ?? drifted) : drifted;
  }
  if (before === undefined || !isRight(before.class) || !isRight(now.class)) return now;
  return { ...now, action: before.action, class: before.class, code: before.code };
}

/** What a machine counted as that is not listed: a right one among very many, or an address that was absent. */
function unlisted(counts: Readonly<Record<OutcomeClass, number>>, listsAll: boolean): OutcomeClass | undefined {
  const candidates: OutcomeClass[] = listsAll ? ["absent"] : ["unchanged", "succeeded", "removed", "absent"];
  return candidates.find((candidate) => counts[candidate] > 0);
}

function move(counts: Record<OutcomeClass, number>, from: OutcomeClass | undefined, to: OutcomeClass): void {
  if (from !== undefined) counts[from]--;
  counts[to]++;
}

function withoutRest(summary: Summary): Record<OutcomeClass, number> {
  const { succeeded, unchanged, removed, absent, unreachable, failed, notAttempted } = summary;
  return { succeeded, unchanged, removed, absent, unreachable, failed, notAttempted };
}
