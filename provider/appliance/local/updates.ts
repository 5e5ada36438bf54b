import { createPublicKey, X509Certificate } from "node:crypto";
import { isAbsolute } from "node:path";
import type { Selectable } from "kysely";
import { compareVersions } from "../../agent/versions.ts";
import { ApplianceError } from "../errors.ts";
import { DEFAULT_CHECK_AT, type Updates, type updateOperations } from "../operations/updates.ts";
import { nextCheck } from "../update-source/next-check.ts";
import { refusedAt } from "../wrong-input.ts";
import { describeDownload, downloadRows, forgetDownload, keepDownload } from "./downloads.ts";
import type { HandlersOf } from "./handlers.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { changesBetween, moment, momentOrNone, recordChanges, type Transaction } from "./transaction.ts";

type Row = Selectable<Tables["update_source"]>;

const SUBJECT = { subject: "update-source", subjectName: "update source" };

function sourceRow(tx: Transaction): Row {
  const row = tx.queries.first(build.selectFrom("update_source").selectAll());
  if (row !== undefined) return row;
  throw new ApplianceError({ code: "corrupt", message: "the source of updates is not in the database" });
}

function describe(tx: Transaction, organization: string | undefined): Updates {
  const row = sourceRow(tx);
  const due = row.location === null ? undefined : nextCheck(row.check_at, tx.now, tx.world.timezone);
  return {
    location: row.location ?? undefined,
    signed: row.public_key !== null,
    checkAt: row.check_at,
    checkedAt: momentOrNone(row.checked_at),
    nextCheckAt: momentOrNone(due ?? null),
    requestedAt: momentOrNone(row.requested_at),
    fault: row.fault ?? undefined,
    downloads: tx.queries.all(downloadRows()).map((download) => describeDownload(tx, download, organization)),
  };
}

function shown(row: Row) {
  const { location, check_at: checkAt, public_key: publicKey, ca_certificate: caCertificate } = row;
  return { location, checkAt, publicKey, caCertificate };
}

/** @throws ApplianceError `invalid` for a source that can never be looked at */
function requireUsable({ location, public_key: publicKey, ca_certificate: caCertificate }: Row): void {
  if (publicKey !== null && !isEd25519(publicKey))
    throw refusedAt(["publicKey"], "expected an Ed25519 public key in PEM form");
  if (caCertificate !== null && !isCertificate(caCertificate))
    throw refusedAt(["caCertificate"], "expected a certificate in PEM form");
  if (location === null || isAbsolute(location)) return;
  const address = URL.canParse(location) ? new URL(location) : undefined;
  if (address?.protocol !== "https:")
    throw refusedAt(["location"], "a source of updates is an absolute path or an https address"); // what was given may hold a password
  if (address.username !== "" || address.password !== "" || address.search !== "" || address.hash !== "")
    throw refusedAt(
      ["location"],
      "the address of a source of updates has neither a user nor a password nor a query",
      "what proves the archives is their signature or their checksum, not who may fetch them",
    );
}

function isEd25519(pem: string): boolean {
  try {
    return createPublicKey(pem).asymmetricKeyType === "ed25519";
  } catch {
    return false; // whatever it is, it is no key
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    return false; // whatever it is, it is no certificate
  }
}

/** A column after a change that leaves it out, gives a value, or takes it away. */
function changed(change: string | null | undefined, present: string | null): string | null {
  return change === undefined ? present : change;
}

export const updateHandlers: HandlersOf<typeof updateOperations> = {
  setUpdateSource(tx, { location, publicKey, caCertificate, checkAt }) {
    const before = sourceRow(tx);
    const after: Row = {
      ...before,
      location: changed(location, before.location),
      public_key: changed(publicKey, before.public_key),
      ca_certificate: changed(caCertificate, before.ca_certificate),
      check_at: checkAt === undefined ? before.check_at : (checkAt ?? DEFAULT_CHECK_AT),
    };
    requireUsable(after);
    const changes = changesBetween(shown(before), shown(after));
    const isNewSource = changes.some(({ property }) => property !== "checkAt");
    if (isNewSource) {
      // What was wrong with another source says nothing of this one.
      Object.assign(after, { requested_at: after.location === null ? null : tx.now, fault: null, fault_at: null });
    }
    tx.queries.run(build.updateTable("update_source").set(after));
    recordChanges(tx, SUBJECT, changes);
    return describe(tx, undefined);
  },

  getUpdates: (tx, { organization }) => describe(tx, organization),

  requestUpdateCheck(tx) {
    if (sourceRow(tx).location === null) {
      throw new ApplianceError({
        code: "conflict",
        message: "there is no source of updates",
        hint: "`kace bundle source --set <directory or https address>` names one",
      });
    }
    tx.queries.run(build.updateTable("update_source").set({ requested_at: tx.now }));
    const requestedAt = moment(tx.now);
    recordChanges(tx, SUBJECT, changesBetween({}, { requestedAt }));
    return { requestedAt };
  },

  getUpdateGround(tx) {
    const { location, public_key: publicKey, ca_certificate: caCertificate } = sourceRow(tx);
    const downloads = tx.queries.all(downloadRows());
    const here = [
      ...tx.queries.all(build.selectFrom("bundles").select(["flavour", "version"])),
      ...downloads.map(({ flavour, version }) => ({ flavour, version })),
    ];
    const newest = new Map<string, string>();
    for (const { flavour, version } of here) {
      const known = newest.get(flavour);
      if (known === undefined || compareVersions(version, known) > 0) newest.set(flavour, version);
    }
    return {
      ...(location !== null && {
        source: { location, publicKey: publicKey ?? undefined, caCertificate: caCertificate ?? undefined },
      }),
      newest: [...newest].map(([flavour, version]) => ({ flavour, version })),
      archives: downloads.map((download) => download.archive_sha256),
    };
  },

  saveDownload: (tx, download) => describeDownload(tx, keepDownload(tx, download)),

  deleteDownload(tx, { id }) {
    const row = tx.queries.first(downloadRows().where("id", "=", id));
    if (row === undefined) return { deleted: false };
    forgetDownload(tx, row);
    return { deleted: true };
  },

  settleUpdateCheck(tx, { startedAt, fault }) {
    // A check that began in the future would keep the next one from being due.
    const started = Math.max(0, Math.min(Date.parse(startedAt), tx.now));
    const { requested_at: requested, fault: before } = sourceRow(tx);
    tx.queries.run(
      build.updateTable("update_source").set({
        checked_at: started,
        // Whoever asked while it went on wants another one.
        requested_at: requested !== null && requested > started ? requested : null,
        fault: fault ?? null,
        fault_at: fault === undefined ? null : tx.now,
      }),
    );
    // A check of every day says what is new: what came is an entry of its own.
    recordChanges(tx, SUBJECT, changesBetween({ fault: before }, { fault }));
    return {};
  },
};
