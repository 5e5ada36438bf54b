import { everyPage } from "../../appliance/every-page.ts";
import type { OutcomeClass } from "../../appliance/operations/outcome-classes.ts";
import type { StoredOutcome } from "../../appliance/operations/outcomes.ts";
import { nearest } from "../../kit/define/suggest.ts";
import { isOutcomeCode, OUTCOME_CODES } from "../../rollout/codes.ts";
import { type Column, printable, printList } from "../output.ts";
import { CommandError, type CommandSession, type ExitCode } from "../session.ts";
import { allConfigurations, configurationOf } from "./configurations.ts";

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
  ["why", ({ class: outcomeClass, message, edited }) => (edited || isRight(outcomeClass) ? "" : message)],
];

/** What a run of the configuration as it was before says nothing of what it wants now: an edit resets the status. */
function resultOf({ class: outcomeClass, code, edited }: StoredOutcome): string {
  if (edited) return "edited, not run since";
  return outcomeClass === code ? code : `${outcomeClass} (${code})`;
}

function isRight(outcomeClass: OutcomeClass): boolean {
  return outcomeClass === "succeeded" || outcomeClass === "unchanged" || outcomeClass === "removed";
}

/**
 * The latest result of every machine. Exit code 3 if one of those shown is not right, or the machine that was asked
 * about has none at all; 2 for a code that does not exist, which would be green for ever.
 */
export async function listResults(session: CommandSession, filter: ResultFilter): Promise<ExitCode> {
  const noCode = filter.code?.find((code) => !isOutcomeCode(code));
  if (noCode !== undefined) {
    const near = nearest(noCode, Object.keys(OUTCOME_CODES));
    session.terminal.err(`kace: there is no code ${JSON.stringify(noCode)}`);
    session.terminal.err(
      `  ${near === undefined ? "docs/outcomes.md lists those there are" : `Did you mean ${near}?`}`,
    );
    return 2;
  }
  const configuration = filter.config === undefined ? undefined : await configurationOf(session, filter.config);
  const outcomes = await session.read((appliance) =>
    everyPage(async (after) => {
      const { outcomes: items, next } = await appliance.listOutcomes({
        configurationId: configuration?.id,
        machine: filter.machine,
        classes: filter.class === undefined ? undefined : [...filter.class],
        codes: filter.code === undefined ? undefined : [...filter.code],
        limit: 1_000,
        after,
      });
      return { items, next };
    }),
  );
  const named = await withConfiguration(session, outcomes);
  if (outcomes.length === 0 && filter.machine !== undefined && !(await hasResult(session, filter.machine))) {
    if (session.json) session.terminal.out("[]");
    session.terminal.err(
      `there is no result of a machine ${printable(filter.machine)}; \`kace results\` shows those there are`,
    );
    return 3;
  }
  printList(session.terminal, session.json, named, COLUMNS, "there are no such results");
  return outcomes.every((outcome) => !outcome.edited && (isRight(outcome.class) || outcome.class === "absent")) ? 0 : 3;
}

async function hasResult(session: CommandSession, machine: string): Promise<boolean> {
  const { outcomes } = await session.read((appliance) => appliance.listOutcomes({ machine, limit: 1 }));
  return outcomes.length > 0;
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

/** The step log of a machine, by its name, address or host name. */
export async function showLog(session: CommandSession, machine: string, config: string | undefined): Promise<ExitCode> {
  const configuration = config === undefined ? undefined : await configurationOf(session, config);
  const log = await session.read(async (appliance) => {
    const all = await everyPage(async (after) => {
      const { outcomes: items, next } = await appliance.listOutcomes({
        configurationId: configuration?.id,
        limit: 1_000,
        after,
      });
      return { items, next };
    });
    const named = all.filter((outcome) => [outcome.machine, outcome.name, outcome.address].includes(machine));
    if (named.length === 0)
      throw new CommandError(`no run knows the machine ${machine}`, "`kace results` shows those there are");
    const latest = named.sort((one, other) => other.recordedAt.localeCompare(one.recordedAt))[0];
    if (latest === undefined) return undefined;
    const kept = await appliance.outcomeLog({ configurationId: latest.configurationId, machine: latest.machine });
    return { outcome: latest, kept };
  });
  if (log === undefined) return 1;
  const [outcome] = await withConfiguration(session, [log.outcome]);
  if (outcome === undefined) return 1;
  if (session.json) session.terminal.out(JSON.stringify({ ...outcome, log: log.kept?.log ?? null }, undefined, 2));
  else if (log.kept === null) session.terminal.err(`nothing was done on ${machine}, so there is no log of it`);
  else {
    // A later run that had nothing to do leaves no log: the heading is of the run that the log is of.
    session.terminal.out(`${outcome.machine}, configuration ${outcome.configuration}, ${log.kept.recordedAt}`);
    session.terminal.out(log.kept.log.trimEnd());
  }
  return 0;
}
