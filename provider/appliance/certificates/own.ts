import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { keepAuthorities, type SuccessionTerms } from "./authority.ts";
import { CertificateError } from "./errors.ts";
import type { ServerIdentity } from "./identity.ts";
import { issueServerCertificate, type KeyPair } from "./issue.ts";
import { canonicalNames, namesOf } from "./names.ts";
import { readPair, replaceFile } from "./pem-file.ts";

const FILE = "server.pem";
const RENEW_BEFORE_MS = 30 * 86_400_000;

/**
 * The server certificate of a data folder, signed by the folder's own authority: the one that is there, or a new one
 * where it is missing, damaged, of another authority, lacks a name, or is within 30 days of its end.
 * @param names what agents and clients dial; at least one
 * @param now milliseconds since 1970
 * @param terms of the succession of the authority; absent: it stays what it is
 * @throws CertificateError where the authority or the folder cannot be used
 */
export async function ownCertificate({
  folder,
  names,
  now,
  terms,
}: {
  readonly folder: string;
  readonly names: readonly string[];
  readonly now: number;
  readonly terms?: SuccessionTerms | undefined;
}): Promise<ServerIdentity> {
  const { present: authority, next, switchOverAt } = await keepAuthorities({ folder, now, terms });
  const path = join(folder, FILE);
  const wanted = canonicalNames(names);
  let pair = await readUsable(path);
  if (pair === undefined || !isCurrent(pair, authority, wanted, now)) {
    pair = await issueServerCertificate({ authority, names: wanted, now });
    await replaceFile(path, pair.certificate + pair.key, 0o600);
  }
  return {
    certificate: pair.certificate,
    key: pair.key,
    authority: authority.certificate,
    announced: next === undefined ? [authority.certificate] : [authority.certificate, next.certificate],
    switchOverAt,
    ownAuthority: true,
    names: wanted,
    expiresAt: new X509Certificate(pair.certificate).validToDate.getTime(),
  };
}

/** What was damaged is made anew: unlike the authority, nobody has it but this server. */
async function readUsable(path: string): Promise<KeyPair | undefined> {
  try {
    return await readPair(path);
  } catch (error) {
    if (error instanceof CertificateError) return undefined;
    throw error;
  }
}

function isCurrent(pair: KeyPair, authority: KeyPair, wanted: readonly string[], now: number): boolean {
  const certificate = new X509Certificate(pair.certificate);
  const issuer = new X509Certificate(authority.certificate);
  return (
    certificate.validFromDate.getTime() <= now &&
    certificate.validToDate.getTime() - now > RENEW_BEFORE_MS &&
    certificate.checkIssued(issuer) &&
    certificate.verify(issuer.publicKey) &&
    isWithin(wanted, namesOf(certificate))
  );
}

/** A name more does no harm: addresses of bridges and tunnels come and go. */
function isWithin(wanted: readonly string[], names: readonly string[]): boolean {
  return wanted.every((name) => names.includes(name));
}
