import { Argument, type Command } from "commander";
import { namesOf } from "./commands/names.ts";
import { NAME_KINDS, type NameKind, tablesOf } from "./completion/tables.ts";
import type { Terminal } from "./output.ts";
import type { CommandContext } from "./session.ts";

/** Adds `kace completion`, which is made from all commands that there are: to be called last. */
export function addCompletionCommands(program: Command, terminal: Terminal, { session, finish }: CommandContext): void {
  const completion = program.command("completion").description("What Tab needs to complete commands of kace.");
  for (const shell of ["bash", "zsh"] as const) {
    completion
      .command(shell)
      .description(`Prints it for ${shell}.`)
      .action(async () => {
        const { CORE, SHELL_PARTS } = await import("./completion/scripts.ts");
        const heading = shell === "zsh" ? "#compdef kace\n" : "";
        terminal.out(`${heading}${CORE}\n${tablesOf(program)}\n${SHELL_PARTS[shell].trimEnd()}`);
        finish(0);
      });
  }
  completion
    .command("names")
    .description("Prints the names that completion asks for.")
    .addArgument(new Argument("<kind>", "of what").choices(NAME_KINDS))
    .action(async (kind: NameKind) => {
      for (const name of await namesOf(session(), kind)) terminal.out(name);
      finish(0);
    });
}
