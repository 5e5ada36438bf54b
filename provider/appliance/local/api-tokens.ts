import type { Selectable } from "kysely";
import { ApplianceError } from "../errors.ts";
import type { ApiToken, apiTokenOperations } from "../operations/api-tokens.ts";
import { role as roleSchema } from "../operations/operation.ts";
import { refusedAt } from "../wrong-input.ts";
import type { HandlersOf } from "./handlers.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { changesBetween, moment, momentOrNone, newId, recordChanges, type Transaction } from "./transaction.ts";

const VALUE_BYTES = 32;

type Row = Selectable<Tables["api_tokens"]>;

function describe(row: Row): ApiToken {
  return {
    id: row.id,
    name: row.name,
    role: roleSchema.parse(row.role),
    organization: row.organization ?? undefined,
    expiresAt: momentOrNone(row.expires_at),
    lastUsedAt: momentOrNone(row.last_used_at),
    createdAt: moment(row.created_at),
  };
}

function shown({ name, role, organization, expires_at }: Row) {
  return { name, role, organization, expiresAt: momentOrNone(expires_at) };
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
  createApiToken(tx, { name, role, organization, expiresAt }) {
    if (tx.queries.first(rows().where("name", "=", name)) !== undefined) {
      throw new ApplianceError({
        code: "conflict",
        message: `there is already an API token "${name}"`,
        hint: "delete that one first, or choose another name",
      });
    }
    const expires = expiresAt === undefined ? null : Date.parse(expiresAt);
    if (expires !== null && expires <= tx.now) {
      throw refusedAt(
        ["expiresAt"],
        `${expiresAt} has passed already`,
        "choose a moment to come, or leave it out for a token that never ends",
      );
    }
    // The prefix lets scanners of leaked secrets tell what they found.
    const value = `kace_${tx.world.randomBytes(VALUE_BYTES).toString("base64url")}`;
    const row: Row = {
      id: newId(tx, "api-token"),
      name,
      fingerprint: fingerprintOf(tx, value),
      created_at: tx.now,
      role,
      organization: organization ?? tx.within ?? null,
      expires_at: expires,
      last_used_at: null,
    };
    tx.queries.run(build.insertInto("api_tokens").values(row));
    recordChanges(tx, subjectOf(row.id, name), changesBetween({}, shown(row)));
    return { ...describe(row), value };
  },

  checkApiToken(tx, { value }) {
    const row = tx.queries.first(rows().where("fingerprint", "=", fingerprintOf(tx, value)));
    if (row === undefined) return null;
    return { ...describe(row), expired: row.expires_at !== null && row.expires_at <= tx.now };
  },

  recordApiTokenUse(tx, { id }) {
    tx.queries.run(build.updateTable("api_tokens").set({ last_used_at: tx.now }).where("id", "=", id));
    return {};
  },

  listApiTokens: (tx) => ({ apiTokens: tx.queries.all(rows().orderBy("name")).map(describe) }),

  deleteApiToken(tx, { id }) {
    const row = tx.queries.first(rows().where("id", "=", id));
    if (row === undefined) return { deleted: false };
    tx.queries.run(build.deleteFrom("api_tokens").where("id", "=", id));
    recordChanges(tx, subjectOf(id, row.name), changesBetween(shown(row), {}));
    return { deleted: true };
  },
};
