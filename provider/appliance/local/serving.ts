import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { ApplianceError } from "../errors.ts";
import { type ProcessIdentity, processIdentity } from "../operations/fields.ts";
import { HEARTBEAT_LIMIT_MS } from "../operations/server.ts";
import type { World } from "./transaction.ts";

/** What a server says of itself that tells whether it runs; the columns are as old as the table. */
interface ServerRow {
  readonly stopped: number;
  readonly heartbeat_at: number;
}

/** Whether the server of a row runs: whether its process is alive where that can be seen, else whether it was heard lately. */
export function isServing(
  { stopped, heartbeat_at }: ServerRow,
  process: ProcessIdentity,
  { now, hasEnded }: { readonly now: number; readonly hasEnded: World["hasEnded"] },
): boolean {
  if (stopped === 1) return false;
  const ended = hasEnded(process);
  // A clock proves less than a process that can be seen.
  return ended === undefined ? Math.abs(now - heartbeat_at) <= HEARTBEAT_LIMIT_MS : !ended;
}

const row = z.object({
  name: z.string(),
  port: z.int(),
  version: z.string(),
  process: z.string(),
  stopped: z.int(),
  heartbeat_at: z.number(),
});

/**
 * Refuses to bring a database up to date under a server of an older program, which could not read it any more.
 * @throws ApplianceError `conflict`
 */
export function requireNoServer(database: DatabaseSync, world: Pick<World, "now" | "hasEnded">): void {
  const found = database.prepare("SELECT name, port, version, process, stopped, heartbeat_at FROM server").get();
  if (found === undefined) return;
  const { process, name, port, version, ...said } = row.parse(found);
  const identity = processIdentity.parse(JSON.parse(process));
  if (!isServing(said, identity, { now: world.now(), hasEnded: world.hasEnded })) return;
  throw new ApplianceError({
    code: "conflict",
    message: `a server of an older version (${version}) runs on this appliance, as ${name}:${port} (process ${identity.pid}): this program would change the database under it`,
    hint: "stop that server first, and start it again by this version",
  });
}
