import { type Selectable, sql } from "kysely";
import * as z from "zod";
import { ApplianceError } from "../errors.ts";
import type { authorityOperations, DistrustingDevice, PublishedAuthority } from "../operations/authorities.ts";
import { deviceOperations } from "../operations/devices.ts";
import { isConnected } from "./connections.ts";
import type { HandlersOf } from "./handlers.ts";
import { page, textAt } from "./paging.ts";
import { AUTHORITY_SUBJECT, authoritiesOf } from "./published-authorities.ts";
import { build, listed } from "./query.ts";
import { replacedAnywhere } from "./replaced.ts";
import { runningInstance } from "./server.ts";
import type { Tables } from "./tables.ts";
import { changesBetween, fromColumn, moment, recordChanges, type Transaction } from "./transaction.ts";

type ServerRow = Selectable<Tables["server"]>;

const agent = z.object({ agentVersion: deviceOperations.enrolDevice.input.shape.agentVersion });

/** How many devices an error names. */
const NAMED = 5;

/** The devices that are machines. */
function machines(tx: Transaction) {
  return build
    .selectFrom("devices")
    .where("state", "=", "approved")
    .where("kuid", "not in", listed([...replacedAnywhere(tx)]));
}

/** Those of them that would not trust a server of this authority. */
function distrusting(of: ReturnType<typeof machines>, sha256: string) {
  return of.where((eb) => eb.or([eb("trusts", "is", null), eb(sql<number>`instr(trusts, ${sha256})`, "=", 0)]));
}

function count(tx: Transaction, of: ReturnType<typeof machines>): number {
  return tx.queries.first(of.select((eb) => eb.fn.countAll<number>().as("count")))?.count ?? 0;
}

function whyNot(trusts: string | null): DistrustingDevice["why"] {
  if (trusts === null) return "agent-too-old";
  return trusts === "[]" ? "system-roots" : "not-yet";
}

/** The server that makes its own authorities. @throws ApplianceError where there is none */
function requireOwn(tx: Transaction): { readonly row: ServerRow; readonly next: PublishedAuthority | undefined } {
  const row = tx.queries.first(build.selectFrom("server").selectAll());
  if (row === undefined || row.authorities === "[]") {
    throw new ApplianceError({
      code: "conflict",
      message: row === undefined ? "no server ever ran on this appliance" : "the server has announced no authority yet",
      hint: "start it by `kace serve`: it makes its authority at its first start",
    });
  }
  if (row.makes_authorities === 0) {
    throw new ApplianceError({
      code: "conflict",
      message: "the server's certificate was given to it, so it has no authority of its own to renew",
      hint: "announce the next authority by `kace serve --next-authority <file>`, and replace the certificate once the devices trust it",
    });
  }
  return { row, next: authoritiesOf(row).find(({ use }) => use === "next") };
}

function wishFor(tx: Transaction, wish: "renew" | "finish", detail: Readonly<Record<string, boolean>> = {}): void {
  tx.queries.run(build.updateTable("server").set({ authority_wish: wish }));
  recordChanges(tx, AUTHORITY_SUBJECT, changesBetween({}, { asked: wish, ...detail }));
}

export const authorityHandlers: HandlersOf<typeof authorityOperations> = {
  listDistrustingDevices(tx, { sha256, limit, after }) {
    const approved = machines(tx);
    const without = distrusting(approved, sha256);
    let query = without
      .selectAll()
      .orderBy("kuid")
      .limit(limit + 1);
    if (after !== undefined) query = query.where("kuid", ">", textAt(after, 0));
    const instance = runningInstance(tx);
    const { items, next } = page(
      tx.queries.all(query),
      limit,
      (row) => [row.kuid],
      (row) => ({
        kuid: row.kuid,
        hostname: row.hostname,
        organization: row.organization,
        agentVersion: fromColumn(agent, row.agent, `device ${row.kuid}`).agentVersion,
        connected: isConnected(row, instance),
        lastSeenAt: moment(row.last_seen_at),
        why: whyNot(row.trusts),
      }),
    );
    return { count: count(tx, without), approved: count(tx, approved), devices: items, next };
  },

  renewAuthority(tx) {
    const { row, next } = requireOwn(tx);
    if (next !== undefined) {
      throw new ApplianceError({
        code: "conflict",
        message: `there is a next authority already: ${next.name}, until ${next.expiresAt}`,
        hint: "`kace authority show` says which devices do not trust it yet; `kace authority finish` goes over to it",
      });
    }
    if (row.authority_wish === null) wishFor(tx, "renew");
    return {};
  },

  finishAuthority(tx, { force }) {
    const { next } = requireOwn(tx);
    if (next === undefined) {
      throw new ApplianceError({
        code: "conflict",
        message: "the server has no next authority to go over to",
        hint: "`kace authority renew` makes one",
      });
    }
    const without = distrusting(machines(tx), next.sha256);
    if (!force && count(tx, without) > 0) throw notTrusted(tx, next, without);
    wishFor(tx, "finish", { force });
    return {};
  },

  recordTrust(tx, { kuid, trusts }) {
    tx.queries.run(
      build
        .updateTable("devices")
        .set({ trusts: JSON.stringify(trusts) })
        .where("kuid", "=", kuid),
    );
    return {};
  },
};

function notTrusted(
  tx: Transaction,
  { name }: PublishedAuthority,
  without: ReturnType<typeof distrusting>,
): ApplianceError {
  const number = count(tx, without);
  const named = tx.queries
    .all(without.select("hostname").orderBy("hostname").limit(NAMED))
    .map(({ hostname }) => hostname)
    .join(", ");
  const more = number > NAMED ? ` and ${number - NAMED} more` : "";
  return new ApplianceError({
    code: "conflict",
    message: `${number} ${number === 1 ? "device does" : "devices do"} not trust the next authority ${name} yet: ${named}${more}`,
    hint: "those that come back take it up, and `pulumi up` gives it to the others; by force they cannot connect until then",
  });
}
