import { fixed } from "./fixed-query.ts";
import { build } from "./query.ts";
import type { Transaction } from "./transaction.ts";

/** A connection of a device: of which start of a server, and which of that one's. */
export interface Connection {
  readonly kuid: string;
  readonly connectionId: string;
  readonly instanceId: string;
  /** What the agent at its other end can do. */
  readonly can: readonly string[];
  /** The authorities that the agent trusts; undefined where it is too old to say. */
  readonly trusts?: readonly string[] | undefined;
}

const begun = fixed(
  (given: {
    kuid: string;
    connectionId: string;
    instanceId: string;
    abilities: string;
    trusts: string | null;
    now: number;
  }) => {
    const { kuid, connectionId, instanceId, abilities, trusts, now } = given;
    return build
      .updateTable("devices")
      .set({
        connection_id: connectionId,
        instance_id: instanceId,
        connected_since: now,
        last_seen_at: now,
        abilities,
        trusts,
      })
      .where("kuid", "=", kuid);
  },
);

const ended = fixed(({ kuid, connectionId, now }: { kuid: string; connectionId: string; now: number }) =>
  build
    .updateTable("devices")
    .set({ connection_id: null, instance_id: null, connected_since: null, last_seen_at: now })
    .where("kuid", "=", kuid)
    .where("connection_id", "=", connectionId),
);

/**
 * Whether a server that runs holds a connection of a device.
 * @param instance_id of the start of a server that the device's connection is of; null where it has none
 * @param instance of the start of the one that runs
 */
export function isConnected(
  { instance_id }: { readonly instance_id: string | null },
  instance: string | undefined,
): boolean {
  return instance !== undefined && instance_id === instance;
}

/** The connection is the device's from now on, whichever it had before. */
export function recordConnection(tx: Transaction, connection: Connection): void {
  const { kuid, connectionId, instanceId, can } = connection;
  const trusts = connection.trusts === undefined ? null : JSON.stringify(connection.trusts);
  tx.queries.run(begun({ kuid, connectionId, instanceId, abilities: JSON.stringify(can), trusts, now: tx.now }));
}

/** The device has no connection any more, unless it has got another one meanwhile. */
export function recordConnectionEnd(
  tx: Transaction,
  { kuid, connectionId }: Pick<Connection, "kuid" | "connectionId">,
): void {
  tx.queries.run(ended({ kuid, connectionId, now: tx.now }));
}
