import { ApplianceError } from "../errors.ts";
import {
  KEEP_SECONDS,
  type MessageStatus,
  type messageOperations,
  messageStatus,
  messageType,
} from "../operations/messages.ts";
import { isConnected } from "./connections.ts";
import type { HandlersOf } from "./handlers.ts";
import { numberAt, page } from "./paging.ts";
import { build, listed } from "./query.ts";
import { runningInstance } from "./server.ts";
import { moment, newId, recordChanges, type Transaction } from "./transaction.ts";

/** How many messages may wait in all: whoever sends to everybody again and again must not fill the disk. */
const MAX_MESSAGES = 1_000_000;

/** What has expired goes whenever something is put in, taken out or told of, and while a server runs by itself. */
function expire(tx: Transaction): void {
  tx.queries.run(build.deleteFrom("messages").where("expires_at", "<=", tx.now));
}

/** A device that something is sent to. */
export interface Recipient {
  readonly kuid: string;
  readonly hostname: string;
  /** Of the connection that it has now. */
  readonly connection: string | undefined;
}

/** The devices of these identities. @throws ApplianceError `not-found` for one that is not there, `invalid` for one that is not approved */
export function recipients(tx: Transaction, organization: string, kuids: readonly string[]): Recipient[] {
  const rows = tx.queries.all(
    build
      .selectFrom("devices")
      .select(["kuid", "hostname", "state", "connection_id", "instance_id"])
      .where("organization", "=", organization)
      .where("kuid", "in", listed(kuids)),
  );
  const found = new Map(rows.map((row) => [row.kuid, row]));
  const instance = runningInstance(tx);
  return [...new Set(kuids)].map((kuid) => {
    const row = found.get(kuid);
    if (row === undefined)
      throw new ApplianceError({
        code: "not-found",
        message: `there is no device "${kuid}"`,
        hint: "`kace devices list` shows those there are",
      });
    if (row.state !== "approved")
      throw new ApplianceError({
        code: "invalid",
        message: `device ${kuid} (${row.hostname}) is not approved: nothing is sent to it`,
        hint: "`kace quarantine approve` approves it",
      });
    const connected = isConnected(row, instance);
    return { kuid, hostname: row.hostname, connection: connected ? (row.connection_id ?? undefined) : undefined };
  });
}

/** Rows whose message is still of use: an alert, or one for the connection that there is. */
function alive(instance: string | undefined) {
  return build
    .selectFrom("messages")
    .innerJoin("devices", "devices.kuid", "messages.kuid")
    .where((eb) =>
      eb.or([
        eb("messages.type", "=", "alert"),
        ...(instance === undefined
          ? []
          : [
              eb.and([
                eb("devices.instance_id", "=", instance),
                eb("messages.connection_id", "=", eb.ref("devices.connection_id")),
              ]),
            ]),
      ]),
    );
}

export const messageHandlers: HandlersOf<typeof messageOperations> = {
  sendMessage(tx, { organization, kuids, type, payload, expiresInSeconds }) {
    expire(tx);
    const count = tx.queries.first(build.selectFrom("messages").select((eb) => eb.fn.countAll<number>().as("n")));
    if ((count?.n ?? 0) + kuids.length > MAX_MESSAGES)
      throw new ApplianceError({
        code: "conflict",
        message: `the queue holds ${count?.n} messages, and takes ${MAX_MESSAGES}`,
        hint: "wait until they expire, or delete them with `kace queue delete`",
      });
    const all = recipients(tx, organization, kuids);
    const reached = type === "alert" ? all : all.filter(({ connection }) => connection !== undefined);
    const sourceId = newId(tx, type);
    for (const { kuid, connection } of reached) {
      tx.queries.run(
        build.insertInto("messages").values({
          id: newId(tx, "message"),
          organization,
          kuid,
          type,
          source_id: sourceId,
          payload,
          status: "pending",
          note: null,
          connection_id: type === "alert" ? null : (connection ?? null),
          created_at: tx.now,
          expires_at: tx.now + 1_000 * (expiresInSeconds ?? KEEP_SECONDS[type]),
        }),
      );
    }
    const [only] = all.length === 1 ? all : [];
    const subject =
      only === undefined
        ? { subject: `messages:${sourceId}`, subjectName: `${all.length} devices` }
        : { subject: `device:${only.kuid}`, subjectName: only.hostname };
    recordChanges(tx, subject, [{ property: type, from: null, to: payload === "" ? "asked for" : payload }]);
    const notConnected = all.filter((one) => !reached.includes(one)).map(({ kuid }) => kuid);
    return { sourceId, messages: reached.length, notConnected };
  },

  listMessages(tx, { organization, kuid, limit, after }) {
    const instance = runningInstance(tx);
    let query = alive(instance)
      .selectAll("messages")
      .select(["devices.hostname", "devices.instance_id"])
      .where("messages.organization", "=", organization)
      .where("messages.expires_at", ">", tx.now)
      .orderBy("messages.sequence")
      .limit(limit + 1);
    if (kuid !== undefined) query = query.where("messages.kuid", "=", kuid);
    if (after !== undefined) query = query.where("messages.sequence", ">", numberAt(after, 0));
    const { items, next } = page(
      tx.queries.all(query),
      limit,
      (row) => [row.sequence],
      (row) => ({
        id: row.id,
        organization: row.organization,
        kuid: row.kuid,
        machine: row.hostname,
        type: messageType.parse(row.type),
        sourceId: row.source_id,
        payload: row.payload,
        status: messageStatus.parse(row.status),
        note: row.note ?? undefined,
        connected: isConnected(row, instance),
        createdAt: moment(row.created_at),
        expiresAt: moment(row.expires_at),
      }),
    );
    return { messages: items, next };
  },

  deleteMessages(tx, { organization, ids }) {
    expire(tx);
    // What was for an earlier connection is not in the queue any more: it expires.
    let which = alive(runningInstance(tx)).select("messages.id").where("messages.organization", "=", organization);
    if (ids !== undefined) which = which.where("messages.id", "in", listed(ids));
    const found = tx.queries.all(which).map(({ id }) => id);
    if (found.length === 0) return { deleted: 0 };
    tx.queries.run(build.deleteFrom("messages").where("id", "in", listed(found)));
    recordChanges(tx, { subject: "messages", subjectName: "message queue" }, [
      { property: "messages", from: found.length, to: 0 },
    ]);
    return { deleted: found.length };
  },

  listDueMessages(tx, { instanceId, limit }) {
    const rows = tx.queries.all(
      alive(instanceId)
        .select(["messages.id", "messages.kuid", "messages.type", "messages.payload"])
        .where("devices.instance_id", "=", instanceId)
        .where("devices.state", "=", "approved")
        .where("messages.expires_at", ">", tx.now)
        // What was sent over a connection that broke before an answer came is sent again over the next.
        .where((eb) =>
          eb.or([
            eb("messages.status", "=", "pending"),
            eb.and([
              eb("messages.status", "=", "sent"),
              eb("messages.connection_id", "is distinct from", eb.ref("devices.connection_id")),
            ]),
          ]),
        )
        .orderBy("messages.sequence")
        .limit(limit),
    );
    const expired = tx.queries.first(
      build.selectFrom("messages").select("id").where("expires_at", "<=", tx.now).limit(1),
    );
    return {
      messages: rows.map((row) => ({ ...row, type: messageType.parse(row.type) })),
      expired: expired !== undefined,
    };
  },

  recordMessages(tx, { messages }) {
    expire(tx);
    for (const { id, kuid, status, note } of messages) {
      const row = tx.queries.first(build.selectFrom("messages").select(["kuid", "status"]).where("id", "=", id));
      if (row?.kuid !== kuid || ORDER.indexOf(messageStatus.parse(row.status)) > ORDER.indexOf(status)) continue;
      const connection = build.selectFrom("devices").select("connection_id").where("kuid", "=", kuid);
      tx.queries.run(
        build
          .updateTable("messages")
          .set({ status, note: note ?? null, ...(status === "sent" && { connection_id: connection }) })
          .where("id", "=", id),
      );
    }
    return {};
  },
};

/** An agent may answer before it is recorded that the message was sent. */
const ORDER: readonly MessageStatus[] = ["pending", "sent", "received", "completed", "failed"];
