import { randomBytes } from "node:crypto";
import { ApplianceError } from "../errors.ts";
import type { TokenStatus } from "../operations/tokens.ts";
import { fixed } from "./fixed-query.ts";
import type { Keys } from "./keys.ts";
import { build } from "./query.ts";
import type { Transaction } from "./transaction.ts";

/** The vendor's tokens are 54 characters of base64url, which is 40 random bytes. */
const MINTED_BYTES = 40;

/** A value that nobody can guess. */
export function mint({ world }: Pick<Transaction, "world">): string {
  return mintedValue(world.randomBytes);
}

/** As {@link mint}, where there is no transaction. */
export function mintedValue(random: (count: number) => Buffer = randomBytes): string {
  return random(MINTED_BYTES).toString("base64url");
}

export function fingerprintOf({ keys }: Pick<Transaction, "keys">, value: string): string {
  return keys.fingerprint(value, "enrolment token");
}

/** A value as the database keeps it: found again by its fingerprint, and read with the key only. */
export function sealedValue(
  keys: Keys,
  tokenId: string,
  value: string,
): { readonly fingerprint: string; readonly sealed: string } {
  return { fingerprint: fingerprintOf({ keys }, value), sealed: keys.seal(value, placeOf(tokenId)) };
}

function placeOf(tokenId: string): string {
  return `token ${tokenId}`;
}

/** The present value of a token. */
export function presentValue(tx: Transaction, tokenId: string): string {
  const row = tx.queries.first(
    build.selectFrom("token_values").select("sealed").where("token_id", "=", tokenId).where("valid_until", "is", null),
  );
  if (row?.sealed == null)
    throw new ApplianceError({ code: "corrupt", message: `token ${tokenId} has lost its value` });
  return tx.keys.unseal(row.sealed, placeOf(tokenId));
}

/**
 * Makes a value the present one of a token; the one before is accepted until `overlapUntil`, as a fingerprint only.
 * @throws ApplianceError `conflict` if another token has the value
 */
export function giveValue(tx: Transaction, tokenId: string, value: string, overlapUntil: number): void {
  const { fingerprint, sealed } = sealedValue(tx.keys, tokenId, value);
  const holder = tx.queries.first(
    build
      .selectFrom("token_values")
      .innerJoin("tokens", "tokens.id", "token_values.token_id")
      .select(["tokens.id", "tokens.name"])
      .where("fingerprint", "=", fingerprint),
  );
  if (holder !== undefined && holder.id !== tokenId) {
    throw new ApplianceError({
      code: "conflict",
      message: `the token "${holder.name}" (${holder.id}) has this value already`,
      hint: "import that token, or choose another value",
    });
  }
  tx.queries.run(
    build
      .updateTable("token_values")
      .set({ sealed: null, valid_until: overlapUntil })
      .where("token_id", "=", tokenId)
      .where("valid_until", "is", null),
  );
  // A value that the token had before may become the present one again.
  tx.queries.run(build.deleteFrom("token_values").where("fingerprint", "=", fingerprint));
  tx.queries.run(
    build
      .insertInto("token_values")
      .values({ fingerprint, token_id: tokenId, sealed, valid_until: null, created_at: tx.now }),
  );
}

/** Takes a value from a token, which has another one from now on; false where it did not have it. */
export function giveAway(tx: Transaction, tokenId: string, value: string): boolean {
  const fingerprint = fingerprintOf(tx, value);
  const held = tx.queries.first(
    build
      .selectFrom("token_values")
      .select("valid_until")
      .where("fingerprint", "=", fingerprint)
      .where("token_id", "=", tokenId),
  );
  if (held === undefined) return false;
  if (held.valid_until === null) giveValue(tx, tokenId, mint(tx), tx.now);
  tx.queries.run(build.deleteFrom("token_values").where("fingerprint", "=", fingerprint));
  return true;
}

/** What a value is good for now. */
export interface Standing {
  readonly status: TokenStatus;
  readonly token?: { readonly id: string; readonly name: string; readonly organization: string };
  readonly remainingUses?: number | undefined;
  readonly expiresAt?: number | undefined;
}

const tokenOfValue = fixed(({ fingerprint }: { fingerprint: string }) =>
  build
    .selectFrom("token_values")
    .innerJoin("tokens", "tokens.id", "token_values.token_id")
    .select(["id", "name", "organization", "enabled", "expires_at", "use_limit", "use_count", "valid_until"])
    .where("fingerprint", "=", fingerprint),
);

/** Where a value stands; `disabled` goes before `expired`, and that before `exhausted`. */
export function standingOf(tx: Transaction, value: string): Standing {
  const row = tx.queries.first(tokenOfValue({ fingerprint: fingerprintOf(tx, value) }));
  if (row === undefined) return { status: "unknown" };
  const ends = [row.expires_at, row.valid_until].filter((end) => end !== null);
  const expiresAt = ends.length === 0 ? undefined : Math.min(...ends);
  const remainingUses = row.use_limit === null ? undefined : Math.max(0, row.use_limit - row.use_count);
  const { id, name, organization } = row;
  const known = { token: { id, name, organization }, remainingUses, expiresAt };
  if (row.enabled === 0) return { status: "disabled", ...known };
  if (expiresAt !== undefined && expiresAt <= tx.now) return { status: "expired", ...known };
  return { status: remainingUses === 0 ? "exhausted" : "valid", ...known };
}

const usedOnceMore = fixed(({ tokenId }: { tokenId: string }) =>
  build
    .updateTable("tokens")
    .set((eb) => ({ use_count: eb("use_count", "+", 1) }))
    .where("id", "=", tokenId),
);
const useAdded = fixed((given: { token_id: string; kuid: string; hostname: string; used_at: number }) => {
  const { token_id, kuid, hostname, used_at } = given;
  return build.insertInto("token_uses").values({ token_id, kuid, hostname, used_at });
});

/** Counts a use of a token that was found valid in the same transaction. */
export function countUse(tx: Transaction, tokenId: string, device: { kuid: string; hostname: string }): void {
  tx.queries.run(usedOnceMore({ tokenId }));
  const { kuid, hostname } = device;
  tx.queries.run(useAdded({ token_id: tokenId, kuid, hostname, used_at: tx.now }));
}
