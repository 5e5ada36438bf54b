import { createHash, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { CertificateError } from "./errors.ts";
import { AUTHORITY_BACKDATED_MS, createAuthority, type KeyPair } from "./issue.ts";
import { createFile, moveFile, readPair, readText, removeFile, replaceFile } from "./pem-file.ts";
import { type Life, RENEW_BEFORE_DAYS, succession, switchOverAt } from "./succession.ts";

/** Holds the authority's certificate and key; readable by its owner only. */
const FILE = "authority.pem";
/** The same of the authority that comes after it, while there is one. */
const NEXT_FILE = "authority-next.pem";
/** The certificates of the authorities alone, for people and for clients. */
export const AUTHORITY_CERTIFICATE_FILE = "ca.pem";

const DAY_MS = 86_400_000;

/** The authorities of a data folder. */
export interface Authorities {
  /** The server's certificate is of this one. */
  readonly present: KeyPair;
  /** Announced beside it, until it takes over. */
  readonly next: KeyPair | undefined;
  /** Milliseconds since 1970; absent without a next one. */
  readonly switchOverAt: number | undefined;
}

/** What decides about the succession beside the clock. */
export interface SuccessionTerms {
  /** What the server was asked to do. */
  readonly wish: "renew" | "finish" | undefined;
  /** How long before its end an authority gets a successor. Default: a year. */
  readonly renewBeforeDays?: number | undefined;
  /** How many devices do not trust the authority of this certificate (SHA-256 of it, in hexadecimal). */
  readonly distrusting: (sha256: string) => Promise<number>;
  /** Gets one line at a time. */
  readonly log: (line: string) => void;
}

/**
 * The certificate authority of a data folder, made when there is none, and the one after it. Processes that start at
 * once end up with the same. A clock that is behind the authority's beginning is no error: its certificate stays what
 * agents trust. At most one step of the succession is done.
 *
 * @param now milliseconds since 1970
 * @param terms absent: the authorities stay what they are
 * @throws CertificateError `expired`, `unreadable`, `wrong-key`
 * @example const { present } = await keepAuthorities({ folder: "/var/lib/kace/certificates", now: Date.now() })
 */
export async function keepAuthorities({
  folder,
  now,
  terms,
}: {
  readonly folder: string;
  readonly now: number;
  readonly terms?: SuccessionTerms | undefined;
}): Promise<Authorities> {
  const path = join(folder, FILE);
  const before = (await readPair(path)) ?? (await make(path, now));
  const { present, next } = await stepped({
    folder,
    present: before,
    next: await readNext(folder, before),
    now,
    terms,
  });
  const { endsAt } = lifeOf(present);
  if (endsAt <= now) {
    throw new CertificateError({
      code: "expired",
      message: `the certificate authority in ${path} expired on ${new Date(endsAt).toISOString()}`,
      hint: "check the clock; if it is right, remove the file: a new authority is made, and the next `pulumi up` gives it to the agents",
    });
  }
  const shown = join(folder, AUTHORITY_CERTIFICATE_FILE);
  const certificates = present.certificate + (next?.certificate ?? "");
  if ((await readText(shown)) !== certificates) await replaceFile(shown, certificates, 0o644);
  return {
    present,
    next,
    switchOverAt: next === undefined ? undefined : switchOverAt(lifeOf(present), lifeOf(next)),
  };
}

interface Kept {
  readonly present: KeyPair;
  readonly next: KeyPair | undefined;
}

async function stepped({
  folder,
  present,
  next,
  now,
  terms,
}: Kept & {
  readonly folder: string;
  readonly now: number;
  readonly terms: SuccessionTerms | undefined;
}): Promise<Kept> {
  if (terms === undefined) return { present, next };
  const { wish, renewBeforeDays = RENEW_BEFORE_DAYS, distrusting, log } = terms;
  const step = succession({
    present: lifeOf(present),
    next: next === undefined ? undefined : lifeOf(next),
    wish,
    now,
    renewBeforeMs: renewBeforeDays * DAY_MS,
  });
  if (step.kind === "make") {
    const made = await make(join(folder, NEXT_FILE), now);
    log(`made the next certificate authority, ${nameOf(made.certificate)}; agents are told to trust it`);
    return { present, next: made };
  }
  if (step.kind === "none" || next === undefined) return { present, next };
  const count = await distrusting(fingerprintOf(next.certificate));
  const devices = count === 1 ? "1 device does" : `${count} devices do`;
  if (step.kind === "switch-if-trusted" && count > 0) {
    log(`the next certificate authority is due, and ${devices} not trust it yet: see \`kace authority show\``);
    return { present, next };
  }
  await moveFile(join(folder, NEXT_FILE), join(folder, FILE));
  const remark = count === 0 ? "" : `; ${devices} not trust it, and get it by \`pulumi up\``;
  log(`the certificate authority is ${nameOf(next.certificate)} from now on${remark}`);
  return { present: next, next: undefined };
}

/** The successor that is there. One that is older than the present one came back with a backup. */
async function readNext(folder: string, present: KeyPair): Promise<KeyPair | undefined> {
  const path = join(folder, NEXT_FILE);
  const next = await readPair(path);
  if (next === undefined) return undefined;
  if (next.certificate !== present.certificate && lifeOf(next).madeAt >= lifeOf(present).madeAt) return next;
  await removeFile(path);
  return undefined;
}

async function make(path: string, now: number): Promise<KeyPair> {
  const made = await createAuthority({ now });
  if (await createFile(path, made.certificate + made.key, 0o600)) return made;
  // Another process was faster; its authority is the one.
  const theirs = await readPair(path);
  if (theirs !== undefined) return theirs;
  throw new CertificateError({
    code: "unreadable",
    message: `${path} appeared and vanished while it was being made`,
    hint: "see what else works in this folder, and start again",
  });
}

function lifeOf({ certificate }: Pick<KeyPair, "certificate">): Life {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  return { madeAt: validFromDate.getTime() + AUTHORITY_BACKDATED_MS, endsAt: validToDate.getTime() };
}

/** SHA-256 of a certificate in PEM, in lower-case hexadecimal. */
export function fingerprintOf(certificate: string): string {
  return createHash("sha256").update(new X509Certificate(certificate).raw).digest("hex");
}

/** The common name of a certificate's subject, or all of the subject where it has none. */
export function nameOf(certificate: string): string {
  const { subject } = new X509Certificate(certificate);
  return /^CN=(.+)$/m.exec(subject)?.[1] ?? subject.replaceAll("\n", ", ");
}
