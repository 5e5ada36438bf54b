import type { Command } from "commander";
import { listConfigurations, showConfiguration } from "./commands/configurations.ts";
import type { CommandContext } from "./session.ts";

/** Adds `kace config`. */
export function addConfigurationCommands(program: Command, { session, finish }: CommandContext): void {
  const config = program.command("config").description("Provisioning configurations and how their last runs went.");
  config
    .command("list")
    .description("All of them.")
    .action(async () => finish(await listConfigurations(session())));
  config
    .command("show <name>")
    .description("One of them.")
    .action(async (name: string) => finish(await showConfiguration(session(), name)));
  config
    .command("run <name>")
    .description("Runs one with a schedule now; exit code 3 if a machine is not right after it.")
    .action(async (name: string) => {
      const { runConfiguration } = await import("./commands/run-configuration.ts");
      finish(await runConfiguration(session(), name));
    });
  config
    .command("duplicate <name> <new-name>")
    .description("Copies one, with its schedule; the copy is not enabled.")
    .action(async (name: string, newName: string) => {
      const { duplicateConfiguration } = await import("./commands/run-configuration.ts");
      finish(await duplicateConfiguration(session(), name, newName));
    });
  config
    .command("delete <name...>")
    .description("Deletes some with their results; devices and agents stay. Refused for those of a program.")
    .option("--force", "those of a program too", false)
    .action(async (names: string[], given: { force: boolean }) => {
      const { deleteConfigurations } = await import("./commands/delete-configurations.ts");
      finish(await deleteConfigurations(session(), names, given));
    });
}
