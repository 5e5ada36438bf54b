import { type Selectable, sql } from "kysely";
import * as z from "zod";
import { ApplianceError } from "../errors.ts";
import { processIdentity } from "../operations/fields.ts";
import type { serverOperations } from "../operations/server.ts";
import type { HandlersOf } from "./handlers.ts";
import { authoritiesOf, authorityColumns } from "./published-authorities.ts";
import { build } from "./query.ts";
import { isServing } from "./serving.ts";
import type { Tables } from "./tables.ts";
import { fromColumn, moment, momentOrNone, recordChanges, type Transaction } from "./transaction.ts";

type Row = Selectable<Tables["server"]>;

function find(tx: Transaction): Row | undefined {
  return tx.queries.first(build.selectFrom("server").selectAll());
}

function isRunning(tx: Transaction, row: Row): boolean {
  const process = fromColumn(processIdentity, row.process, "the process of the server");
  return isServing(row, process, { now: tx.now, hasEnded: tx.world.hasEnded });
}

/** The instance of the server that runs now; undefined where none does. */
export function runningInstance(tx: Transaction): string | undefined {
  const row = find(tx);
  return row !== undefined && isRunning(tx, row) ? row.instance_id : undefined;
}

function subjectOf({ name, port }: { readonly name: string; readonly port: number }) {
  return { subject: "server", subjectName: `${name}:${port}` };
}

/** @param at until when the devices were connected, as far as is known */
function disconnectAll(tx: Transaction, at: number): void {
  tx.queries.run(
    build
      .updateTable("devices")
      .set({
        connection_id: null,
        instance_id: null,
        connected_since: null,
        last_seen_at: sql`max(last_seen_at, ${at})`,
      })
      .where("connection_id", "is not", null),
  );
}

export const serverHandlers: HandlersOf<typeof serverOperations> = {
  publishServer(tx, { instanceId, name, port, caCertificate, canonicalNames, version, process, ...trusted }) {
    const before = find(tx);
    const again = before?.instance_id === instanceId;
    if (before !== undefined && !again && isRunning(tx, before)) {
      const { pid } = fromColumn(processIdentity, before.process, "the process of the server");
      throw new ApplianceError({
        code: "conflict",
        message: `a server of this appliance runs already, as ${before.name}:${before.port} (process ${pid})`,
        hint: "stop that one first, or give this one another folder",
      });
    }
    const row = {
      one: 1,
      instance_id: instanceId,
      name,
      port,
      ca_certificate: caCertificate ?? null,
      canonical_names: JSON.stringify(canonicalNames),
      version,
      process: JSON.stringify(process),
      started_at: again ? before.started_at : tx.now,
      heartbeat_at: tx.now,
      stopped: 0,
      ...authorityColumns(tx, before, trusted),
    };
    tx.queries.run(
      build
        .insertInto("server")
        .values(row)
        .onConflict((conflict) => conflict.column("one").doUpdateSet(row)),
    );
    if (again && before.stopped === 0) return {};
    // Connections of a server that was killed ended with it; what it said last is the best that is known of when.
    disconnectAll(tx, before?.heartbeat_at ?? 0);
    recordChanges(tx, subjectOf(row), [{ property: "running", from: false, to: true }]);
    return {};
  },

  withdrawServer(tx, { instanceId }) {
    const row = find(tx);
    if (row === undefined || row.instance_id !== instanceId || row.stopped === 1) return {};
    tx.queries.run(build.updateTable("server").set({ stopped: 1 }));
    disconnectAll(tx, tx.now);
    recordChanges(tx, subjectOf(row), [{ property: "running", from: true, to: false }]);
    return {};
  },

  serverStatus(tx) {
    const row = find(tx);
    if (row === undefined) return { running: false };
    return {
      running: isRunning(tx, row),
      instanceId: row.instance_id,
      name: row.name,
      port: row.port,
      caCertificate: row.ca_certificate ?? undefined,
      canonicalNames: fromColumn(z.array(z.string()), row.canonical_names, "the names of the server"),
      version: row.version,
      process: fromColumn(processIdentity, row.process, "the process of the server"),
      startedAt: moment(row.started_at),
      authorities: authoritiesOf(row),
      switchOverAt: momentOrNone(row.switch_over_at),
      makesAuthorities: row.makes_authorities === 1,
      authorityWish: row.authority_wish ?? undefined,
    };
  },
};
