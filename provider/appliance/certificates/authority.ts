import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { CertificateError } from "./errors.ts";
import { createAuthority, type KeyPair } from "./issue.ts";
import { createFile, readPair, readText, replaceFile } from "./pem-file.ts";

/** Holds the authority's certificate and key; readable by its owner only. */
const FILE = "authority.pem";
/** The authority's certificate alone, for people and for clients. */
export const AUTHORITY_CERTIFICATE_FILE = "ca.pem";

/**
 * The certificate authority of a data folder, made when there is none. Processes that start at once end up with the same.
 * A clock that is behind the authority's beginning is no error: its certificate stays what agents trust.
 * @param now milliseconds since 1970
 * @throws CertificateError `expired`, `unreadable`, `wrong-key`
 * @example const authority = await keepAuthority({ folder: "/var/lib/kace", now: Date.now() })
 */
export async function keepAuthority({
  folder,
  now,
}: {
  readonly folder: string;
  readonly now: number;
}): Promise<KeyPair> {
  const path = join(folder, FILE);
  const authority = (await readPair(path)) ?? (await makeAuthority(path, now));
  const expiresAt = new X509Certificate(authority.certificate).validToDate;
  if (expiresAt.getTime() <= now) {
    throw new CertificateError({
      code: "expired",
      message: `the certificate authority in ${path} expired on ${expiresAt.toISOString()}`,
      hint: "check the clock; if it is right, remove the file: a new authority is made, and the next `pulumi up` gives it to the agents",
    });
  }
  const shown = join(folder, AUTHORITY_CERTIFICATE_FILE);
  if ((await readText(shown)) !== authority.certificate) await replaceFile(shown, authority.certificate, 0o644);
  return authority;
}

async function makeAuthority(path: string, now: number): Promise<KeyPair> {
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
