import { type Command, Option } from "commander";
import { agentVersionFrom } from "./agent-version.ts";
import type { InstallerArguments } from "./commands/installer.ts";
import { serverNameFrom } from "./server-name.ts";
import type { CommandContext } from "./session.ts";

/** Adds `kace installer`. */
export function addInstallerCommand(
  program: Command,
  { session, finish, portOf }: CommandContext & { readonly portOf: (text: string) => number },
): void {
  program
    .command("installer")
    .description(
      "The package of an agent and the commands that install it by hand, with its server and token built in.",
    )
    .addOption(
      new Option("--platform <platform>", "what it is for").choices(["linux", "windows", "darwin"]).default("linux"),
    )
    .addOption(
      new Option("--format <format>", "the form of the package").choices(["deb", "rpm", "tar.gz", "msi", "pkg", "dmg"]),
    )
    .option("--architecture <name>", "the processor, as Debian calls it", "amd64")
    .option("--agent-version <version>", "the exact version; the newest that is loaded if left out", agentVersionFrom)
    .option("--bundle <id>", "of this bundle")
    .option("--server <name>", "where the agent connects to; the appliance's own server if left out", serverNameFrom)
    .option("--server-port <number>", "the port of that server", portOf)
    .option("--token-file <file>", "a file with the value of the token that lets the agent in")
    .addOption(
      new Option("--form <form>", "how the package is told its server and its token")
        .choices(["fileName", "environment", "arguments"])
        .default("environment"),
    )
    .option("--out <folder>", "put the package there, under the name that it needs")
    .action(async (given: InstallerArguments) => {
      const { installerCommand } = await import("./commands/installer.ts");
      finish(await installerCommand(session(), given));
    });
}
