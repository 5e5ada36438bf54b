import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { LocalAppliance } from "../local/local.ts";
import { type Repeated, repeat } from "../server/repeat.ts";
import { checkForUpdates } from "./check.ts";
import { nextCheck } from "./next-check.ts";

/** Where archives are fetched to, in the data folder. Only its server uses it. */
export const UPDATES_FOLDER = "updates";

const LOOK_EVERY_MS = 1_000;

/**
 * Looks for newer agents when the server starts, every day at the time that is set, and when somebody asks for it. What
 * was downloaded, and what was wrong, is said in the log.
 *
 * @param timezone IANA name; what the time of day is in
 */
export async function keepUpdates(
  appliance: LocalAppliance,
  {
    now,
    timezone,
    log,
  }: { readonly now: () => number; readonly timezone: string; readonly log: (line: string) => void },
): Promise<Pick<Repeated, "stop">> {
  const folder = join(appliance.folder, UPDATES_FOLDER);
  // What a check left that was killed.
  await rm(folder, { recursive: true, force: true });
  const stopping = new AbortController();
  let isFirst = true;
  const turns = repeat({
    what: "looking for newer agents",
    everyMs: LOOK_EVERY_MS,
    work: async () => {
      const { location, checkAt, checkedAt, requestedAt } = await appliance.getUpdates({});
      if (location === undefined) return;
      const due = nextCheck(checkAt, checkedAt === undefined ? 0 : Date.parse(checkedAt), timezone);
      if (!isFirst && requestedAt === undefined && (due === undefined || due > now())) return;
      isFirst = false;
      const { downloaded, fault } = await checkForUpdates(appliance, { folder, now, signal: stopping.signal });
      for (const { name, id } of downloaded)
        log(`a newer agent was downloaded, and is not loaded yet: ${name}; \`kace bundle load ${id}\` loads it`);
      if (fault !== undefined) log(`looking for newer agents at ${location}: ${fault}`);
    },
    log,
  });
  turns.now();
  return {
    async stop() {
      stopping.abort();
      await turns.stop();
    },
  };
}
