import { everyPage } from "../../appliance/every-page.ts";
import type { OutcomeClass, StoredOutcome } from "../../appliance/operations/outcomes.ts";
import { type Column, printList } from "../output.ts";
import { CommandError, type CommandSession, type ExitCode } from "../session.ts";
import { configurationOf } from "./configurations.ts";

/** What narrows a list of results down. */
export interface ResultFilter {
  readonly config?: string | undefined;
  readonly machine?: string | undefined;
  readonly class?: readonly OutcomeClass[] | undefined;
  readonly code?: readonly string[] | undefined;
}

/** What results can be narrowed down to. */
export const CLASSES: readonly OutcomeClass[] = [
  "succeeded",
  "unchanged",
  "removed",
  "absent",
  "unreachable",
  "failed",
  "notAttempted",
];

const COLUMNS: readonly Column<StoredOutcome>[] = [
  ["machine", ({ machine }) => machine],
  ["name", ({ name, machine }) => (name === machine ? undefined : name)],
  ["address", ({ address, machine }) => (address === machine ? undefined : address)],
  ["platform", ({ platform }) => platform],
  ["action", ({ action }) => action],
  ["result", ({ class: outcomeClass, code }) => (outcomeClass === code ? code : `${outcomeClass} (${code})`)],
  ["version", ({ version }) => version],
  ["when", ({ recordedAt }) => recordedAt],
  ["why", ({ class: outcomeClass, message }) => (isRight(outcomeClass) ? "" : message)],
];

function isRight(outcomeClass: OutcomeClass): boolean {
  return outcomeClass === "succeeded" || outcomeClass === "unchanged" || outcomeClass === "removed";
}

/** The latest result of every machine. Exit code 3 if one of those shown is not right. */
export async function listResults(session: CommandSession, filter: ResultFilter): Promise<ExitCode> {
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
  printList(session.terminal, session.json, outcomes, COLUMNS, "there are no such results");
  return outcomes.every((outcome) => isRight(outcome.class) || outcome.class === "absent") ? 0 : 3;
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
    return { outcome: latest, log: kept };
  });
  if (log === undefined) return 1;
  if (session.json) session.terminal.out(JSON.stringify({ ...log.outcome, log: log.log?.log ?? null }, undefined, 2));
  else if (log.log === null) session.terminal.err(`nothing was done on ${machine}, so there is no log of it`);
  else session.terminal.out(log.log.log.trimEnd());
  return 0;
}
