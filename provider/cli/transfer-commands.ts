import type { Command } from "commander";
import type { PassphraseArguments, TransferSession } from "./commands/transfer.ts";
import type { ExitCode } from "./session.ts";

/** Adds `kace backup`, `restore`, `export` and `import`, which work where the appliance's folder is. */
export function addTransferCommands(
  program: Command,
  session: (command: string) => TransferSession,
  finish: (code: ExitCode) => void,
): void {
  const commands = () => import("./commands/transfer.ts");
  program
    .command("backup <file>")
    .description("Writes everything of the appliance into one file, while it is served. The file holds its secrets.")
    .action(async (file: string) => finish(await (await commands()).backup(session("backup"), file)));
  program
    .command("restore <file>")
    .description("Brings a backup back: to the appliance it is of, served or not, or into a folder that has none.")
    .action(async (file: string) => finish(await (await commands()).restore(session("restore"), file)));
  program
    .command("export <file>")
    .description("Writes everything of the appliance for another one, its secrets sealed by a passphrase.")
    .option("--passphrase-file <file>", "a file with the passphrase; the terminal asks for it if left out")
    .option("--without-secrets", "leave secrets out; no passphrase is needed then")
    .action(async (file: string, options: PassphraseArguments) =>
      finish(await (await commands()).exportTo(session("export"), file, options)),
    );
  program
    .command("import <file>")
    .description("Takes an export into an appliance that is empty.")
    .option("--passphrase-file <file>", "a file with the passphrase; the terminal asks for it if left out")
    .action(async (file: string, options: PassphraseArguments) =>
      finish(await (await commands()).importFrom(session("import"), file, options)),
    );
}
