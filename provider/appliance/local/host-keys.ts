import type { Selectable } from "kysely";
import { ApplianceError } from "../errors.ts";
import type { hostKeyOperations, PinnedHostKey } from "../operations/host-keys.ts";
import type { HandlersOf } from "./handlers.ts";
import { build, listed } from "./query.ts";
import type { Tables } from "./tables.ts";
import { moment, recordChanges } from "./transaction.ts";

function describe(row: Selectable<Tables["host_keys"]>): PinnedHostKey {
  return {
    host: row.host,
    port: row.port,
    type: row.type,
    key: row.key,
    fingerprint: row.fingerprint,
    configurationId: row.configuration_id ?? undefined,
    pinnedAt: moment(row.pinned_at),
  };
}

function subjectOf(host: string, port: number) {
  const at = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return { subject: `hostkey:${at}`, subjectName: at };
}

function rows(organization: string) {
  return build.selectFrom("host_keys").selectAll().where("organization", "=", organization);
}

export const hostKeyHandlers: HandlersOf<typeof hostKeyOperations> = {
  listHostKeys(tx, { organization, hosts }) {
    let query = rows(organization).orderBy("host").orderBy("port");
    if (hosts !== undefined) query = query.where("host", "in", listed(hosts.map((host) => host.toLowerCase())));
    return { hostKeys: tx.queries.all(query).map(describe) };
  },

  pinHostKey(tx, { configurationId, ...input }) {
    const host = input.host.toLowerCase();
    const pinned = tx.queries.first(rows(input.organization).where("host", "=", host).where("port", "=", input.port));
    if (pinned !== undefined) {
      if (pinned.type === input.type && pinned.key === input.key) return describe(pinned);
      throw new ApplianceError({
        code: "conflict",
        message: `another key is pinned for ${subjectOf(host, input.port).subjectName}: ${pinned.type} ${pinned.fingerprint}, not ${input.type} ${input.fingerprint}`,
        hint: `if the machine was set up anew, run \`kace hostkeys forget ${host}\``,
      });
    }
    const row = { ...input, host, configuration_id: configurationId ?? null, pinned_at: tx.now };
    tx.queries.run(build.insertInto("host_keys").values(row));
    recordChanges(tx, subjectOf(host, input.port), [{ property: "fingerprint", from: null, to: input.fingerprint }]);
    return describe(row);
  },

  forgetHostKey(tx, { organization, host, port }) {
    const name = host.toLowerCase();
    let query = rows(organization).where("host", "=", name);
    if (port !== undefined) query = query.where("port", "=", port);
    const pinned = tx.queries.all(query);
    for (const row of pinned) {
      tx.queries.run(
        build
          .deleteFrom("host_keys")
          .where("organization", "=", organization)
          .where("host", "=", row.host)
          .where("port", "=", row.port),
      );
      recordChanges(tx, subjectOf(row.host, row.port), [{ property: "fingerprint", from: row.fingerprint, to: null }]);
    }
    return { forgotten: pinned.length };
  },
};
