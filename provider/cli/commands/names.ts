import { everyPage } from "../../appliance/every-page.ts";
import type { NameKind } from "../completion/tables.ts";
import type { CommandSession } from "../session.ts";
import { allConfigurations } from "./configurations.ts";
import { devicesIn } from "./devices.ts";

const LIMIT = 1_000;

/** The names of what there is of a kind; only those that are one word to a shell. */
export async function namesOf(session: CommandSession, kind: NameKind): Promise<string[]> {
  const names = await READERS[kind](session);
  return [...new Set(names)].filter((name) => /^[\w.@:+-]+$/.test(name)).sort();
}

const READERS: { readonly [Kind in NameKind]: (session: CommandSession) => Promise<string[]> } = {
  async configurations(session) {
    return (await allConfigurations(session)).map(({ name }) => name);
  },
  async devices(session) {
    return (await devicesIn(session, [])).map(({ hostname }) => hostname);
  },
  labels: (session) =>
    session.read(async (appliance) => {
      const labels = await everyPage(async (after) => {
        const page = await appliance.listLabels({ limit: LIMIT, after });
        return { items: page.labels, next: page.next };
      });
      return labels.map(({ name }) => name);
    }),
  organizations: (session) =>
    session.read(async (appliance) => {
      const { organizations } = await appliance.listOrganizations({});
      return organizations.map(({ name }) => name);
    }),
  tokens: (session) =>
    session.read(async (appliance) => {
      const tokens = await everyPage(async (after) => {
        const page = await appliance.listTokens({ limit: LIMIT, after });
        return { items: page.tokens, next: page.next };
      });
      return tokens.map(({ name }) => name);
    }),
};
