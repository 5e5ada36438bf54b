import type { Organization } from "../../appliance/operations/organizations.ts";
import { type Column, printList } from "../output.ts";
import { type CommandSession, type ExitCode, UsageError } from "../session.ts";

const COLUMNS: readonly Column<Organization>[] = [
  ["organization", ({ name }) => name],
  ["description", ({ description }) => description],
  ["made", ({ createdAt }) => createdAt],
];

export async function listOrganizations(session: CommandSession): Promise<ExitCode> {
  const { organizations } = await session.read((appliance) => appliance.listOrganizations({}));
  printList(session.terminal, session.json, organizations, COLUMNS, "there is no organization that you may see");
  return 0;
}

export async function createOrganization(
  session: CommandSession,
  name: string,
  description: string | undefined,
): Promise<ExitCode> {
  const made = await session.write((appliance) => appliance.createOrganization({ name, description }), "goes on");
  if (session.json) session.terminal.out(JSON.stringify(made, undefined, 2));
  session.terminal.err(`made the organization ${made.name}`);
  return 0;
}

/** @param description an empty one takes it away */
export async function describeOrganization(
  session: CommandSession,
  name: string,
  description: string,
): Promise<ExitCode> {
  await session.write((appliance) =>
    appliance.updateOrganization({ name, description: description === "" ? null : description }),
  );
  session.terminal.err(`described the organization ${name}`);
  return 0;
}

export async function deleteOrganization(session: CommandSession, name: string): Promise<ExitCode> {
  const { deleted } = await session.write((appliance) => appliance.deleteOrganization({ name }));
  if (!deleted) throw new UsageError(`there is no organization ${name}`, "`kace orgs list` shows those there are");
  session.terminal.err(`deleted the organization ${name}`);
  return 0;
}
