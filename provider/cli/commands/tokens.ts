import { everyPage } from "../../appliance/every-page.ts";
import type { TokenInfo } from "../../appliance/operations/tokens.ts";
import { type Column, printList } from "../output.ts";
import type { CommandSession, ExitCode } from "../session.ts";

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
  printList(session.terminal, session.json, tokens, COLUMNS, "there is no token: an `AgentToken` makes one");
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
