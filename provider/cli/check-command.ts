import { type Command, Option } from "commander";
import { FLAVOUR_NAMES } from "../agent/agent.ts";
import { agentVersionFrom } from "./agent-version.ts";
import type { CheckArguments } from "./commands/check.ts";
import { serverNameFrom } from "./server-name.ts";
import type { CommandContext } from "./session.ts";

/** Adds `kace check`. */
export function addCheckCommand(
  program: Command,
  { session, finish }: CommandContext,
  portOf: (text: string) => number,
): void {
  program
    .command("check <machine...>")
    .description("What stands in the way of an installation on machines; writes nothing. Exit code 3 if anything does.")
    .option("--windows", "they run Windows: their ports are looked at, and nobody is logged in", false)
    .option("--user <name>", "who to log in as", "root")
    .option("--key-file <file>", "a file with the private key")
    .option("--password-file <file>", "a file with the password")
    .addOption(new Option("--agent-socket <path>", "the socket of an ssh agent").env("SSH_AUTH_SOCK"))
    .addOption(
      new Option("--become <method>", "how the user becomes root").choices(["none", "sudo", "su"]).default("none"),
    )
    .option("--become-password-file <file>", "a file with the password that sudo or su asks for")
    .option("--port <number>", "the port of sshd", portOf, 22)
    .option("--bundle <name>", "a bundle of the appliance to look for packages in")
    .option(
      "--agent-version <version>",
      "the version to be installed; the newest of the bundle if left out",
      agentVersionFrom,
    )
    .addOption(
      new Option("--flavour <flavour>", "the kind of agent, where no bundle is named")
        .choices(FLAVOUR_NAMES)
        .default("reference"),
    )
    .option("--server <name>", "the server agents will connect to; the appliance's own if left out", serverNameFrom)
    .option("--server-port <number>", "the port of that server", portOf)
    .action(async (machines: string[], given: CheckArguments) => {
      const { checkCommand } = await import("./commands/check.ts");
      finish(await checkCommand(session(), machines, given));
    });
}
