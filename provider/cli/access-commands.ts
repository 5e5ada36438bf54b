import { type Command, Option } from "commander";
import { ROLES, type Role } from "../appliance/operations/operation.ts";
import { createApiToken, deleteApiToken, listApiTokens } from "./commands/api-tokens.ts";
import {
  createOrganization,
  deleteOrganization,
  describeOrganization,
  listOrganizations,
} from "./commands/organizations.ts";
import type { CommandContext } from "./session.ts";

/** Adds `kace api-tokens` and `kace orgs`: who may use the appliance, and how much of it. */
export function addAccessCommands(program: Command, { session, finish }: CommandContext): void {
  const apiTokens = program
    .command("api-tokens")
    .description("What other machines prove themselves with when they use this appliance.");
  apiTokens
    .command("list")
    .description("All of them.")
    .action(async () => finish(await listApiTokens(session())));
  apiTokens
    .command("create <name>")
    .description("Makes one and prints its value, once; with --organization for that one only.")
    .addOption(new Option("--role <role>", "what it may do").choices(ROLES).default("operator"))
    .option("--expires <date>", "when it ends: a date or a moment; never if left out")
    .action(async (name: string, given: { role: Role; expires?: string }) =>
      finish(await createApiToken(session(), name, given)),
    );
  apiTokens
    .command("delete <token>")
    .description("Deletes one, by its name or id.")
    .action(async (token: string) => finish(await deleteApiToken(session(), token)));

  const orgs = program
    .command("orgs")
    .description("Organizations: parts of the appliance that cannot see one another.");
  orgs
    .command("list")
    .description("All of them.")
    .action(async () => finish(await listOrganizations(session())));
  orgs
    .command("create <name>")
    .description("Makes one.")
    .option("--description <text>", "what it is for")
    .action(async (name: string, { description }: { description?: string }) =>
      finish(await createOrganization(session(), name, description)),
    );
  orgs
    .command("describe <name> <text>")
    .description("Says what one is for; an empty text takes that away.")
    .action(async (name: string, text: string) => finish(await describeOrganization(session(), name, text)));
  orgs
    .command("delete <name>")
    .description("Deletes one that is empty.")
    .action(async (name: string) => finish(await deleteOrganization(session(), name)));
}
