import type { Command } from "commander";
import { finishAuthority, renewAuthority, showAuthority } from "./commands/authority.ts";
import type { CommandContext } from "./session.ts";

/** Adds `kace authority`: whom agents and clients trust, and how that is renewed. */
export function addAuthorityCommands(program: Command, { session, finish }: CommandContext): void {
  const authority = program
    .command("authority")
    .description("The certificate authority that agents trust their server by, and the one that comes after it.");
  authority
    .command("show")
    .description("Which there are, and which devices do not trust the next one yet; exit code 3 if there are such.")
    .option("--pem", "print the certificates for clients instead")
    .action(async (given: { pem?: boolean }) => finish(await showAuthority(session(), given)));
  authority
    .command("renew")
    .description("Makes the next one, and has agents trust it beside the present one.")
    .action(async () => finish(await renewAuthority(session())));
  authority
    .command("finish")
    .description("Goes over to the next one; refused while devices do not trust it.")
    .option("--force", "cut those off", false)
    .action(async (given: { force: boolean }) => finish(await finishAuthority(session(), given)));
}
