import type { Input } from "../../appliance/appliance.ts";
import { everyPage } from "../../appliance/every-page.ts";
import type { OutcomeClass } from "../../appliance/operations/outcome-classes.ts";
import type { StoredOutcome } from "../../appliance/operations/outcomes.ts";
import { nearest } from "../../kit/define/suggest.ts";
import { isOutcomeCode, OUTCOME_CODES } from "../../rollout/codes.ts";
import { type Column, printable, printList } from "../output.ts";
import { type CommandSession, type ExitCode, UsageError } from "../session.ts";
import { allConfigurations, configurationOf } from "./configurations.ts";
import { resultsOfMachine, resultsOfMachines } from "./machine-results.ts";

/** What narrows a list of results down. */
export interface ResultFilter {
  readonly config?: string | undefined;
  readonly machine?: string | undefined;
  readonly class?: readonly OutcomeClass[] | undefined;
  readonly code?: readonly string[] | undefined;
}

/** A result, and the name of the configuration it is of. */
type NamedOutcome = StoredOutcome & { readonly configuration: string };

const COLUMNS: readonly Column<NamedOutcome>[] = [
  ["machine", ({ machine }) => machine],
  ["name", ({ name, machine }) => (name === machine ? undefined : name)],
  ["address", ({ address, machine }) => (address === machine ? undefined : address)],
  ["platform", ({ platform }) => platform],
  ["action", ({ action }) => action],
  ["result", resultOf],
  ["version", ({ version }) => version],
  ["configuration", ({ configuration }) => configuration],
  ["when", ({ recordedAt }) => recordedAt],
  ["why", whyOf],
];

/** What a run of the configuration as it was before says nothing of what it wants now: an edit resets the status. */
function resultOf({ class: outcomeClass, code, edited }: StoredOutcome): string {
  if (edited) return "edited, not run since";
  return outcomeClass === code ? code : `${outcomeClass} (${code})`;
}

function whyOf({ class: outcomeClass, message, edited, dropped }: StoredOutcome): string {
  if (dropped) return "no longer a target";
  return edited || isRight(outcomeClass) ? "" : message;
}

/** What is known of a machine that is no target any more calls for nothing. */
function isSettled({ class: outcomeClass, edited, dropped }: StoredOutcome): boolean {
  return dropped || (!edited && (isRight(outcomeClass) || outcomeClass === "absent"));
}

function isRight(outcomeClass: OutcomeClass): boolean {
  return outcomeClass === "succeeded" || outcomeClass === "unchanged" || outcomeClass === "removed";
}

/**
 * The latest result of every machine. Exit code 3 if one of those shown is not right; 2 for a machine that no run knows,
 * or a code that does not exist, which would be green for ever.
 */
export async function listResults(session: CommandSession, filter: ResultFilter): Promise<ExitCode> {
  const noCode = filter.code?.find((code) => !isOutcomeCode(code));
  if (noCode !== undefined) {
    const near = nearest(noCode, Object.keys(OUTCOME_CODES));
    throw new UsageError(
      `there is no code ${JSON.stringify(noCode)}`,
      near === undefined ? "docs/outcomes.md lists those there are" : `Did you mean ${near}?`,
    );
  }
  const configurationId = filter.config === undefined ? undefined : (await configurationOf(session, filter.config)).id;
  const { machine, class: classes, code: codes } = filter;
  const outcomes =
    machine === undefined
      ? await outcomesOf(session, {
          configurationId,
          ...(classes && { classes: [...classes] }),
          ...(codes && { codes: [...codes] }),
        })
      : (await resultsOfMachines(session, await outcomesOf(session, { configurationId }), machine))
          .flat()
          .filter((outcome) => (classes?.includes(outcome.class) ?? true) && (codes?.includes(outcome.code) ?? true));
  const named = await withConfiguration(session, outcomes);
  printList(session.terminal, session.json, named, COLUMNS, "there are no such results");
  return outcomes.every(isSettled) ? 0 : 3;
}

function outcomesOf(session: CommandSession, which: Input<"listOutcomes">): Promise<StoredOutcome[]> {
  return session.read((appliance) =>
    everyPage(async (after) => {
      const { outcomes: items, next } = await appliance.listOutcomes({ ...which, limit: 1_000, after });
      return { items, next };
    }),
  );
}

async function withConfiguration(
  session: CommandSession,
  outcomes: readonly StoredOutcome[],
): Promise<readonly NamedOutcome[]> {
  const names = new Map((await allConfigurations(session)).map(({ id, name }) => [id, name]));
  // The name of one that was deleted a moment ago is not known any more.
  return outcomes.map((outcome) => ({
    ...outcome,
    configuration: names.get(outcome.configurationId) ?? outcome.configurationId,
  }));
}

/**
 * What was done on a machine the last time; and where the last run did nothing there and it is not right, what that run
 * found.
 * @throws UsageError where no run knows it, or several machines are called so
 */
export async function showLog(session: CommandSession, machine: string, config: string | undefined): Promise<ExitCode> {
  const { terminal, json } = session;
  const configurationId = config === undefined ? undefined : (await configurationOf(session, config)).id;
  const outcomes = await resultsOfMachine(session, await outcomesOf(session, { configurationId }), machine);
  const latest = outcomes.toSorted((one, other) => other.recordedAt.localeCompare(one.recordedAt)).slice(0, 1);
  for (const outcome of await withConfiguration(session, latest)) {
    const { configurationId, machine: named } = outcome;
    const kept = await session.read((appliance) => appliance.outcomeLog({ configurationId, machine: named }));
    if (json) {
      terminal.out(JSON.stringify({ ...outcome, log: kept?.log ?? null }, undefined, 2));
      continue;
    }
    if (!outcome.hasLog && (kept === null || !isRight(outcome.class))) sayFound(session, outcome);
    if (kept === null) {
      terminal.err(`nothing was done on ${printable(machine)}, so there is no log of it`);
      continue;
    }
    // A later run that had nothing to do leaves no log: the heading is of the run that the log is of.
    terminal.out(headingOf(outcome, kept.recordedAt));
    terminal.out(kept.log.trimEnd());
  }
  return 0;
}

function headingOf({ machine, configuration }: NamedOutcome, at: string): string {
  return `${machine}, configuration ${configuration}, ${at}`;
}

/** What a run that did nothing on a machine found there. */
function sayFound({ terminal }: CommandSession, outcome: NamedOutcome): void {
  const { message, hint, recordedAt } = outcome;
  terminal.out(`${headingOf(outcome, recordedAt)}: ${resultOf(outcome)}`);
  for (const text of [message, hint]) if (text !== undefined && text !== "") terminal.out(`  ${printable(text)}`);
}
