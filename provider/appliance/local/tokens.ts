import type { Selectable } from "kysely";
import { ApplianceError } from "../errors.ts";
import type { TokenInfo, tokenOperations } from "../operations/tokens.ts";
import { refusedAt } from "../wrong-input.ts";
import { configurationsBringing, requireUnused } from "./configuration-uses.ts";
import type { HandlersOf } from "./handlers.ts";
import { leaveBehind } from "./left-behind.ts";
import { numberAt, page, textAt } from "./paging.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { giveAway, giveValue, mint, presentValue, standingOf } from "./token-values.ts";
import {
  changesBetween,
  moment,
  momentOrNone,
  newId,
  recordChanges,
  secretChange,
  type Transaction,
} from "./transaction.ts";

type Row = Selectable<Tables["tokens"]> & { readonly overlap_until: number | null };

/** What a user may set, as the row has it. */
type Settings = Pick<Row, "name" | "expires_at" | "use_limit" | "enabled">;

function rows() {
  return build
    .selectFrom("tokens")
    .selectAll()
    .select((eb) =>
      eb
        .selectFrom("token_values")
        .select((inner) => inner.fn.max("valid_until").as("until"))
        .whereRef("token_values.token_id", "=", "tokens.id")
        .as("overlap_until"),
    );
}

function find(tx: Transaction, id: string): Row {
  const row = tx.queries.first(rows().where("id", "=", id));
  if (row !== undefined) return row;
  throw new ApplianceError({
    code: "not-found",
    message: `there is no token "${id}"`,
    hint: "`kace tokens list` lists those there are",
  });
}

function describe(row: Row, now: number): TokenInfo {
  return {
    id: row.id,
    organization: row.organization,
    name: row.name,
    urn: row.urn ?? undefined,
    expiresAt: momentOrNone(row.expires_at),
    useLimit: row.use_limit ?? undefined,
    enabled: row.enabled === 1,
    useCount: row.use_count,
    settled: row.settled === 1,
    createdAt: moment(row.created_at),
    updatedAt: moment(row.updated_at),
    overlapUntil: row.overlap_until !== null && row.overlap_until > now ? moment(row.overlap_until) : undefined,
  };
}

function shown(settings: Settings) {
  return {
    name: settings.name,
    expiresAt: momentOrNone(settings.expires_at),
    useLimit: settings.use_limit,
    enabled: settings.enabled === 1,
  };
}

function subjectOf(id: string, name: string) {
  return { subject: `token:${id}`, subjectName: name };
}

function requireFreeName(tx: Transaction, organization: string, name: string, id: string): void {
  const other = tx.queries.first(
    build
      .selectFrom("tokens")
      .select("id")
      .where("organization", "=", organization)
      .where("name", "=", name)
      .where("id", "<>", id),
  );
  if (other === undefined) return;
  throw new ApplianceError({
    code: "conflict",
    message: `there is already a token "${name}" in organization "${organization}" (${other.id})`,
    hint: "import that one, or choose another name",
  });
}

function change(tx: Transaction, row: Row, settings: Settings): boolean {
  requireFreeName(tx, row.organization, settings.name, row.id);
  const changes = changesBetween(shown(row), shown(settings));
  if (changes.length === 0) return false;
  tx.queries.run(
    build
      .updateTable("tokens")
      .set({ ...settings, updated_at: tx.now })
      .where("id", "=", row.id),
  );
  recordChanges(tx, subjectOf(row.id, settings.name), changes);
  return true;
}

/** Gives a token a value, unless it has it; whether it was another one. */
function rotate(tx: Transaction, row: Row, value: string, overlapUntil: number): void {
  if (presentValue(tx, row.id) === value) return;
  giveValue(tx, row.id, value, overlapUntil);
  tx.queries.run(build.updateTable("tokens").set({ updated_at: tx.now }).where("id", "=", row.id));
  recordChanges(tx, subjectOf(row.id, row.name), [secretChange("value", { from: true, to: true })]);
}

/**
 * The token of a resource; one that its URN had in another organization is left behind there, and a value that the new
 * one adopts is its own no more.
 */
function withUrn(tx: Transaction, organization: string, urn: string | undefined, value: string | undefined) {
  if (urn === undefined) return undefined;
  const found = tx.queries.first(rows().where("urn", "=", urn));
  if (found === undefined || found.organization === organization) return found;
  const isGiven = value !== undefined && giveAway(tx, found.id, value);
  leaveBehind(tx, "token", found, isGiven ? [secretChange("value", { from: true, to: true })] : []);
  return undefined;
}

function toMs(moment: string | null): number | null {
  return moment === null ? null : Date.parse(moment);
}

function withValue(tx: Transaction, id: string) {
  return { ...describe(find(tx, id), tx.now), value: presentValue(tx, id) };
}

export const tokenHandlers: HandlersOf<typeof tokenOperations> = {
  createToken(tx, { organization, urn, value, ...input }) {
    const settings: Settings = {
      name: input.name,
      expires_at: toMs(input.expiresAt ?? null),
      use_limit: input.useLimit ?? null,
      enabled: input.enabled ? 1 : 0,
    };
    const existing = withUrn(tx, organization, urn, value);
    if (existing !== undefined) {
      change(tx, existing, settings);
      if (value !== undefined) rotate(tx, existing, value, tx.now);
      return withValue(tx, existing.id);
    }
    // A resource's own may be one of before, made anew.
    if (urn === undefined && settings.expires_at !== null && settings.expires_at <= tx.now) {
      throw refusedAt(
        ["expiresAt"],
        `${input.expiresAt} has passed already`,
        "give a later moment: nothing could enrol with it",
      );
    }
    const id = newId(tx, "token");
    requireFreeName(tx, organization, settings.name, id);
    tx.queries.run(
      build.insertInto("tokens").values({
        id,
        organization,
        urn: urn ?? null,
        ...settings,
        use_count: 0,
        settled: 0,
        created_at: tx.now,
        updated_at: tx.now,
      }),
    );
    giveValue(tx, id, value ?? mint(tx), tx.now);
    recordChanges(tx, subjectOf(id, settings.name), [
      ...changesBetween({}, shown(settings)),
      secretChange("value", { from: false, to: true }),
    ]);
    return withValue(tx, id);
  },

  settleToken(tx, { id }) {
    find(tx, id);
    tx.queries.run(build.updateTable("tokens").set({ settled: 1 }).where("id", "=", id));
    return {};
  },

  getToken: (tx, { id }) => withValue(tx, id),

  findTokenByName(tx, { organization, name }) {
    const row = tx.queries.first(rows().where("organization", "=", organization).where("name", "=", name));
    return row === undefined ? null : describe(row, tx.now);
  },

  listTokens(tx, { organization, limit, after }) {
    let query = rows()
      .where("organization", "=", organization)
      .orderBy("name")
      .limit(limit + 1);
    if (after !== undefined) query = query.where("name", ">", textAt(after, 0));
    const { items, next } = page(
      tx.queries.all(query),
      limit,
      (row) => [row.name],
      (row) => describe(row, tx.now),
    );
    return { tokens: items, next };
  },

  updateToken(tx, { id, ...input }) {
    const row = find(tx, id);
    change(tx, row, {
      name: input.name ?? row.name,
      expires_at: input.expiresAt === undefined ? row.expires_at : toMs(input.expiresAt),
      use_limit: input.useLimit === undefined ? row.use_limit : input.useLimit,
      enabled: input.enabled === undefined ? row.enabled : input.enabled ? 1 : 0,
    });
    return describe(find(tx, id), tx.now);
  },

  rotateToken(tx, { id, value, overlapUntil }) {
    rotate(tx, find(tx, id), value ?? mint(tx), overlapUntil === undefined ? tx.now : Date.parse(overlapUntil));
    return withValue(tx, id);
  },

  deleteToken(tx, { id }) {
    const row = tx.queries.first(rows().where("id", "=", id));
    if (row === undefined) return { deleted: false };
    requireUnused({
      what: `the token "${row.name}"`,
      how: "deleted",
      configurations: configurationsBringing(tx, row),
      instead: "bring another token first, or switch this one off by `enabled: false`",
    });
    tx.queries.run(build.deleteFrom("tokens").where("id", "=", id));
    recordChanges(tx, subjectOf(id, row.name), changesBetween(shown(row), {}));
    return { deleted: true };
  },

  checkToken(tx, { value }) {
    const { status, token, remainingUses, expiresAt } = standingOf(tx, value);
    return {
      status,
      id: token?.id,
      organization: token?.organization,
      name: token?.name,
      remainingUses,
      expiresAt: expiresAt === undefined ? undefined : moment(expiresAt),
    };
  },

  tokenUses(tx, { id, limit, after }) {
    find(tx, id);
    let query = build
      .selectFrom("token_uses")
      .selectAll()
      .where("token_id", "=", id)
      .orderBy("sequence", "desc")
      .limit(limit + 1);
    if (after !== undefined) query = query.where("sequence", "<", numberAt(after, 0));
    const { items, next } = page(
      tx.queries.all(query),
      limit,
      (row) => [row.sequence],
      (row) => ({ kuid: row.kuid, hostname: row.hostname, usedAt: moment(row.used_at) }),
    );
    return { uses: items, next };
  },
};
