import type { ListedConfiguration } from "../../appliance/operations/configurations.ts";
import { CommandError, type CommandSession, type ExitCode } from "../session.ts";
import { configurationOf } from "./configurations.ts";

/**
 * Deletes configurations with their schedules, runs and results: copies that no program has taken, and those that a
 * program lost. Devices stay, and so do the agents on the machines. All are looked at before the first is deleted.
 *
 * @throws CommandError for one that belongs to a program, unless it is forced, and for one that runs now
 */
export async function deleteConfigurations(
  session: CommandSession,
  names: readonly string[],
  { force }: { readonly force: boolean },
): Promise<ExitCode> {
  const found = new Map<string, ListedConfiguration>();
  for (const name of names) {
    const configuration = await configurationOf(session, name);
    requireNobodys(configuration, force);
    found.set(configuration.id, configuration);
  }
  for (const { id, name } of found.values()) {
    await session.write((appliance) => appliance.deleteConfiguration({ id }));
    session.terminal.err(`deleted ${name} (${id}) with its results`);
  }
  session.terminal.err("devices stay, and the agents on the machines were not removed");
  return 0;
}

function requireNobodys({ name, urn, lastRun }: ListedConfiguration, force: boolean): void {
  if (lastRun?.running === true)
    throw new CommandError(`a run of ${name} is going on`, "delete it when that has ended");
  if (urn !== undefined && !force)
    throw new CommandError(
      `${name} belongs to a program, as ${urn}`,
      "take it out of the program, or run `pulumi destroy` there; with --force it is deleted here, and the program writes it again when it next changes something or is destroyed",
    );
}
