import type { Selectable } from "kysely";
import * as z from "zod";
import type { Input } from "../appliance.ts";
import { type PublishedAuthority, publishedAuthority } from "../operations/authorities.ts";
import type { Tables } from "./tables.ts";
import { changesBetween, fromColumn, recordChanges, type Transaction } from "./transaction.ts";

type ServerRow = Selectable<Tables["server"]>;

/** What the history calls the authorities of the server. */
export const AUTHORITY_SUBJECT = { subject: "authority", subjectName: "the server's authority" };

/** The authorities that a server announces, as it said last. */
export function authoritiesOf(row: ServerRow): PublishedAuthority[] {
  return fromColumn(z.array(publishedAuthority), row.authorities, "the authorities of the server");
}

/** The columns for what a server says of its authorities. What it was asked for and has done is asked for no more. */
export function authorityColumns(
  tx: Transaction,
  before: ServerRow | undefined,
  said: Pick<Input<"publishServer">, "authorities" | "switchOverAt" | "makesAuthorities">,
) {
  const { authorities = [], switchOverAt, makesAuthorities } = said;
  const known = before === undefined ? [] : authoritiesOf(before);
  recordChanges(
    tx,
    AUTHORITY_SUBJECT,
    // What an earlier version of this program published says nothing of authorities.
    known.length === 0 ? [] : changesBetween(printsOf(known), printsOf(authorities)),
  );
  const hasNext = authorities.some(({ use }) => use === "next");
  const wish = before?.authority_wish ?? null;
  const isDone = wish === "renew" ? hasNext : !hasNext;
  return {
    authorities: JSON.stringify(authorities),
    switch_over_at: switchOverAt === undefined ? null : Date.parse(switchOverAt),
    makes_authorities: makesAuthorities === true ? 1 : 0,
    authority_wish: isDone ? null : wish,
  };
}

function printsOf(authorities: readonly PublishedAuthority[]): Partial<Record<PublishedAuthority["use"], string>> {
  return Object.fromEntries(authorities.map(({ use, sha256 }) => [use, sha256]));
}
