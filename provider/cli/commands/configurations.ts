import { everyPage } from "../../appliance/every-page.ts";
import type { ListedConfiguration } from "../../appliance/operations/configurations.ts";
import { type Column, printable, printList } from "../output.ts";
import { CommandError, type CommandSession, type ExitCode } from "../session.ts";

function lastRunOf({ lastRun, changedSinceRun }: ListedConfiguration): string {
  if (lastRun === undefined) return "never";
  const state = lastRun.running ? "running" : lastRun.interrupted ? "interrupted" : lastRun.startedAt;
  return changedSinceRun ? `${state} (edited since)` : state;
}

const COLUMNS: readonly Column<ListedConfiguration>[] = [
  ["name", ({ name }) => name],
  ["targets", ({ description }) => description.targets],
  ["enabled", ({ description }) => description.enabled],
  ["total", ({ lastRun }) => lastRun?.total],
  ["ok", ({ lastRun }) => lastRun && lastRun.succeeded + lastRun.unchanged + lastRun.removed],
  ["failed", ({ lastRun }) => lastRun && lastRun.failed + lastRun.unreachable],
  ["not started", ({ lastRun }) => lastRun?.notAttempted],
  ["% ok", ({ lastRun }) => lastRun && Math.round(lastRun.percentSucceeded)],
  ["last run", lastRunOf],
];

/** All configurations of an appliance. */
export function allConfigurations(session: CommandSession): Promise<ListedConfiguration[]> {
  return session.read((appliance) =>
    everyPage(async (after) => {
      const { configurations, next } = await appliance.listConfigurations({ limit: 1_000, after });
      return { items: configurations, next };
    }),
  );
}

/** The configuration of a name or an id. @throws CommandError if there is none */
export async function configurationOf(session: CommandSession, nameOrId: string): Promise<ListedConfiguration> {
  const all = await allConfigurations(session);
  const found = all.find(({ name }) => name === nameOrId) ?? all.find(({ id }) => id === nameOrId);
  if (found === undefined)
    throw new CommandError(`there is no configuration ${nameOrId}`, "`kace config list` shows those there are");
  return found;
}

export async function listConfigurations(session: CommandSession): Promise<ExitCode> {
  const all = await allConfigurations(session);
  printList(session.terminal, session.json, all, COLUMNS, "there is no configuration yet: `pulumi up` makes them");
  return 0;
}

export async function showConfiguration(session: CommandSession, nameOrId: string): Promise<ExitCode> {
  const found = await configurationOf(session, nameOrId);
  if (session.json) {
    session.terminal.out(JSON.stringify(found, undefined, 2));
    return 0;
  }
  const { description, lastRun } = found;
  const rows: readonly (readonly [string, string | number | boolean | undefined])[] = [
    ["name", found.name],
    ["id", found.id],
    ["resource", found.urn],
    ["targets", description.targets],
    ["enabled", description.enabled],
    ["state", description.state],
    ["agent", [description.flavour, description.version ?? "any version"].filter(Boolean).join(" ")],
    ["server", description.server],
    ["last run", lastRunOf(found)],
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
