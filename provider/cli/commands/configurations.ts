import { everyPage } from "../../appliance/every-page.ts";
import type { ListedConfiguration } from "../../appliance/operations/configurations.ts";
import { parseSchedule } from "../../appliance/schedules/parse.ts";
import { describeSchedule } from "../../appliance/schedules/schedule.ts";
import { type Column, printable, printList } from "../output.ts";
import { type CommandSession, type ExitCode, UsageError, type WithoutAppliance } from "../session.ts";

function lastRunOf({ lastRun, changedSinceRun, fault }: ListedConfiguration): string {
  if (fault !== undefined && (lastRun === undefined || fault.at > lastRun.startedAt)) return `failed ${fault.at}`;
  if (lastRun === undefined) return "never";
  const state = lastRun.running ? "running" : lastRun.interrupted ? "interrupted" : lastRun.startedAt;
  return changedSinceRun ? `${state} (edited since)` : state;
}

/** The counts of the last run; none after an edit, since they are of the configuration before. */
function countsOf({ lastRun, changedSinceRun }: ListedConfiguration): ListedConfiguration["lastRun"] {
  return changedSinceRun ? undefined : lastRun;
}

function scheduleOf({ description: { schedule } }: ListedConfiguration): string {
  if (schedule === undefined) return "never";
  const parsed = parseSchedule(schedule);
  return parsed.ok ? describeSchedule(parsed.schedule) : `every ${schedule.every}`;
}

/** A count of the last run. */
function count(of: (run: NonNullable<ListedConfiguration["lastRun"]>) => number) {
  return (configuration: ListedConfiguration) => {
    const run = countsOf(configuration);
    return run && of(run);
  };
}

const COLUMNS: readonly Column<ListedConfiguration>[] = [
  ["name", ({ name }) => name],
  ["targets", ({ description }) => description.targets],
  ["enabled", ({ description }) => description.enabled],
  ["total", count(({ total }) => total)],
  ["running", count(({ inFlight }) => inFlight)],
  ["not started", count(({ notAttempted }) => notAttempted)],
  ["ok", count(({ succeeded, unchanged, removed }) => succeeded + unchanged + removed)],
  ["failed", count(({ failed, unreachable }) => failed + unreachable)],
  ["% ok", count(({ percentSucceeded }) => Math.round(percentSucceeded))],
  ["last run", lastRunOf],
  ["schedule", scheduleOf],
  ["next run", ({ nextRun }) => nextRun],
];

/** All configurations of an appliance. */
export function allConfigurations(session: CommandSession, without?: WithoutAppliance): Promise<ListedConfiguration[]> {
  return session.read(
    (appliance) =>
      everyPage(async (after) => {
        const { configurations, next } = await appliance.listConfigurations({ limit: 1_000, after });
        return { items: configurations, next };
      }),
    without,
  );
}

/** The configuration of a name or an id. @throws UsageError if there is none */
export async function configurationOf(session: CommandSession, nameOrId: string): Promise<ListedConfiguration> {
  const all = await allConfigurations(session);
  const found = all.find(({ name }) => name === nameOrId) ?? all.find(({ id }) => id === nameOrId);
  if (found === undefined)
    throw new UsageError(`there is no configuration ${nameOrId}`, "`kace config list` shows those there are");
  return found;
}

/** A configuration as programs read it: what the appliance keeps as text is part of it, not JSON within a string. */
function forPrograms({ description, ...rest }: ListedConfiguration) {
  const { inputs, ...described } = description;
  return { ...rest, description: { ...described, ...(inputs !== undefined && { inputs: valueIn(inputs) }) } };
}

/** What JSON says; the text itself where it is none, as other clients of the API may have written it. */
function valueIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export async function listConfigurations(session: CommandSession): Promise<ExitCode> {
  const all = await allConfigurations(session);
  const nothing = "there is no configuration: `pulumi up` makes them";
  printList(session.terminal, session.json, all, COLUMNS, nothing, forPrograms);
  return 0;
}

export async function showConfiguration(session: CommandSession, nameOrId: string): Promise<ExitCode> {
  const found = await configurationOf(session, nameOrId);
  if (session.json) {
    session.terminal.out(JSON.stringify(forPrograms(found), undefined, 2));
    return 0;
  }
  const { description } = found;
  const lastRun = countsOf(found);
  const rows: readonly (readonly [string, string | number | boolean | undefined])[] = [
    ["name", found.name],
    ["id", found.id],
    ["resource", found.urn],
    ["targets", description.targets],
    ["enabled", description.enabled],
    ["state", description.state],
    ["agent", [description.flavour, description.version ?? "any version"].filter(Boolean).join(" ")],
    ["server", description.server],
    ["schedule", scheduleOf(found)],
    ["next run", found.nextRun],
    ["last run", lastRunOf(found)],
    ...(found.fault === undefined ? [] : [["why it failed", found.fault.message] as const]),
    ["running", lastRun?.inFlight],
    ["succeeded", lastRun?.succeeded],
    ["unchanged", lastRun?.unchanged],
    ["removed", lastRun?.removed],
    ["absent", lastRun?.absent],
    ["unreachable", lastRun?.unreachable],
    ["failed", lastRun?.failed],
    ["not attempted", lastRun?.notAttempted],
  ];
  for (const [label, value] of rows) session.terminal.out(`${label.padEnd(14)} ${printable(value)}`);
  return 0;
}
