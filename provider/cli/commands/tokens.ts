import { everyPage } from "../../appliance/every-page.ts";
import type { ApiToken } from "../../appliance/operations/api-tokens.ts";
import type { TokenInfo } from "../../appliance/operations/tokens.ts";
import { type Column, printList } from "../output.ts";
import { CommandError, type CommandSession, type ExitCode } from "../session.ts";

const COLUMNS: readonly Column<TokenInfo>[] = [
  ["token", ({ name }) => name],
  ["id", ({ id }) => id],
  ["enabled", ({ enabled }) => enabled],
  ["uses", ({ useCount, useLimit }) => (useLimit === undefined ? useCount : `${useCount} of ${useLimit}`)],
  ["expires", ({ expiresAt }) => expiresAt ?? "never"],
];

export async function listTokens(session: CommandSession): Promise<ExitCode> {
  const tokens = await session.read((appliance) =>
    everyPage(async (after) => {
      const { tokens: items, next } = await appliance.listTokens({ limit: 1_000, after });
      return { items, next };
    }),
  );
  printList(session.terminal, session.json, tokens, COLUMNS, "there is no token yet: an `AgentToken` makes one");
  return 0;
}

export async function listTokenUses(session: CommandSession, nameOrId: string): Promise<ExitCode> {
  const uses = await session.read(async (appliance) => {
    const id = (await appliance.findTokenByName({ name: nameOrId }))?.id ?? nameOrId;
    return everyPage(async (after) => {
      const { uses: items, next } = await appliance.tokenUses({ id, limit: 1_000, after });
      return { items, next };
    });
  });
  const columns: readonly Column<(typeof uses)[number]>[] = [
    ["device", ({ hostname }) => hostname],
    ["kuid", ({ kuid }) => kuid],
    ["when", ({ usedAt }) => usedAt],
  ];
  printList(session.terminal, session.json, uses, columns, "nothing has enrolled with it");
  return 0;
}

const API_COLUMNS: readonly Column<ApiToken>[] = [
  ["api token", ({ name }) => name],
  ["id", ({ id }) => id],
  ["made", ({ createdAt }) => createdAt],
];

export async function listApiTokens(session: CommandSession): Promise<ExitCode> {
  const { apiTokens } = await session.read((appliance) => appliance.listApiTokens({}));
  printList(session.terminal, session.json, apiTokens, API_COLUMNS, "there is no API token yet");
  return 0;
}

/** Makes an API token. Its value goes to standard output, once, and nothing else does. */
export async function createApiToken(session: CommandSession, name: string): Promise<ExitCode> {
  const made = await session.write((appliance) => appliance.createApiToken({ name }));
  session.terminal.out(session.json ? JSON.stringify(made, undefined, 2) : made.value);
  session.terminal.err("this value is shown once: keep it as the secret `kace:apiToken`");
  return 0;
}

export async function deleteApiToken(session: CommandSession, nameOrId: string): Promise<ExitCode> {
  await session.write(async (appliance) => {
    const { apiTokens } = await appliance.listApiTokens({});
    const found = apiTokens.find(({ id, name }) => id === nameOrId || name === nameOrId);
    if (found === undefined) throw new CommandError(`there is no API token ${nameOrId}`);
    await appliance.deleteApiToken({ id: found.id });
  });
  session.terminal.err(`deleted the API token ${nameOrId}`);
  return 0;
}
