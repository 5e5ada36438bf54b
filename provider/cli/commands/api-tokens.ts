import { dateOrMoment } from "../../appliance/moment-text.ts";
import type { ApiToken } from "../../appliance/operations/api-tokens.ts";
import type { Role } from "../../appliance/operations/operation.ts";
import { inOptions } from "../input-faults.ts";
import { type Column, printList } from "../output.ts";
import { type CommandSession, type ExitCode, UsageError } from "../session.ts";

const COLUMNS: readonly Column<ApiToken>[] = [
  ["api token", ({ name }) => name],
  ["id", ({ id }) => id],
  ["role", ({ role }) => role],
  ["organization", ({ organization }) => organization ?? "all"],
  ["expires", ({ expiresAt }) => expiresAt ?? "never"],
  ["last used", ({ lastUsedAt }) => lastUsedAt ?? "never"],
];

export async function listApiTokens(session: CommandSession): Promise<ExitCode> {
  const { apiTokens } = await session.read((appliance) => appliance.listApiTokens({}));
  printList(
    session.terminal,
    session.json,
    apiTokens,
    COLUMNS,
    "there is no API token: `kace api-tokens create` makes one",
  );
  return 0;
}

/** What `kace api-tokens create` is told beside the name. */
export interface ApiTokenArguments {
  readonly role: Role;
  /** A date (its beginning in UTC) or a moment. */
  readonly expires?: string;
}

/** Makes an API token. Its value goes to standard output, once, and nothing else does. */
export async function createApiToken(
  session: CommandSession,
  name: string,
  { role, expires }: ApiTokenArguments,
): Promise<ExitCode> {
  const expiresAt = expires === undefined ? undefined : momentOf(expires);
  const made = await inOptions({ expiresAt: "--expires" }, () =>
    session.write((appliance) => appliance.createApiToken({ name, role, expiresAt }), "goes on"),
  );
  session.terminal.out(session.json ? JSON.stringify(made, undefined, 2) : made.value);
  const reach = made.organization === undefined ? "all organizations" : `the organization ${made.organization}`;
  session.terminal.err(`for ${reach}, with the role ${made.role}, until ${made.expiresAt ?? "it is deleted"}`);
  session.terminal.err("this value is shown once: keep it as the secret `kace:apiToken`");
  return 0;
}

export async function deleteApiToken(session: CommandSession, nameOrId: string): Promise<ExitCode> {
  await session.write(async (appliance) => {
    const { apiTokens } = await appliance.listApiTokens({});
    const found = apiTokens.find(({ id, name }) => id === nameOrId || name === nameOrId);
    if (found === undefined)
      throw new UsageError(`there is no API token ${nameOrId}`, "`kace api-tokens list` shows those there are");
    await appliance.deleteApiToken({ id: found.id });
  });
  session.terminal.err(`deleted the API token ${nameOrId}`);
  session.terminal.err("who still brings its value is refused; what was made by it stays");
  return 0;
}

function momentOf(text: string): string {
  const moment = dateOrMoment(text);
  if (moment !== undefined) return moment;
  throw new UsageError(
    `--expires: ${JSON.stringify(text)} is no date`,
    'write a date ("2027-06-30", its beginning in UTC) or a moment ("2027-06-30T18:00:00+02:00")',
  );
}
