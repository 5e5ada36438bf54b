import type { Selectable } from "kysely";
import { ApplianceError } from "../errors.ts";
import type { ApiToken, apiTokenOperations } from "../operations/server.ts";
import type { HandlersOf } from "./handlers.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { moment, newId, recordChanges, type Transaction } from "./transaction.ts";

const VALUE_BYTES = 32;

function describe({ id, name, created_at }: Selectable<Tables["api_tokens"]>): ApiToken {
  return { id, name, createdAt: moment(created_at) };
}

function fingerprintOf({ keys }: Transaction, value: string): string {
  return keys.fingerprint(value, "API token");
}

function subjectOf(id: string, name: string) {
  return { subject: `api-token:${id}`, subjectName: name };
}

function rows() {
  return build.selectFrom("api_tokens").selectAll();
}

export const apiTokenHandlers: HandlersOf<typeof apiTokenOperations> = {
  createApiToken(tx, { name }) {
    if (tx.queries.first(rows().where("name", "=", name)) !== undefined) {
      throw new ApplianceError({
        code: "conflict",
        message: `there is already an API token "${name}"`,
        hint: "delete that one first, or choose another name",
      });
    }
    // The prefix lets scanners of leaked secrets tell what they found.
    const value = `kace_${tx.world.randomBytes(VALUE_BYTES).toString("base64url")}`;
    const row = { id: newId(tx, "api-token"), name, fingerprint: fingerprintOf(tx, value), created_at: tx.now };
    tx.queries.run(build.insertInto("api_tokens").values(row));
    recordChanges(tx, subjectOf(row.id, name), [{ property: "name", from: null, to: name }]);
    return { ...describe(row), value };
  },

  checkApiToken(tx, { value }) {
    const row = tx.queries.first(rows().where("fingerprint", "=", fingerprintOf(tx, value)));
    return row === undefined ? null : describe(row);
  },

  listApiTokens: (tx) => ({ apiTokens: tx.queries.all(rows().orderBy("name")).map(describe) }),

  deleteApiToken(tx, { id }) {
    const row = tx.queries.first(rows().where("id", "=", id));
    if (row === undefined) return { deleted: false };
    tx.queries.run(build.deleteFrom("api_tokens").where("id", "=", id));
    recordChanges(tx, subjectOf(id, row.name), [{ property: "name", from: row.name, to: null }]);
    return { deleted: true };
  },
};
