import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { MAX_AUTHORITIES } from "../operations/authorities.ts";
import { CertificateError } from "./errors.ts";
import type { ServerIdentity } from "./identity.ts";
import { isFor, namesOf } from "./names.ts";
import { certificatesIn, readText } from "./pem-file.ts";

/**
 * A server certificate from files that the user gives: the certificate, then those between it and its authority.
 * The authority is known here only if the file ends with it; agents then get it, else they use their system's roots.
 * @param now milliseconds since 1970
 * @throws CertificateError for each way in which these files cannot be served with
 */
export async function givenCertificate({
  certificateFile,
  keyFile,
  nextAuthorityFile,
  name,
  now,
}: {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Authorities to come: agents are to trust them before a certificate of theirs is given. */
  readonly nextAuthorityFile?: string | undefined;
  readonly name: string;
  readonly now: number;
}): Promise<ServerIdentity> {
  const chain = certificatesIn(await readGiven(certificateFile, "certificate"));
  const keyText = await readGiven(keyFile, "key");
  const parsed = chain.map((pem) => parseCertificate(pem, certificateFile));
  const [certificate] = parsed;
  if (certificate === undefined) {
    throw new CertificateError({
      code: "unreadable",
      message: `${certificateFile} holds no certificate`,
      hint: 'give a PEM file: it has a line "-----BEGIN CERTIFICATE-----"',
    });
  }
  if (!certificate.checkPrivateKey(parseKey(keyText, keyFile))) {
    throw new CertificateError({
      code: "wrong-key",
      message: `the key in ${keyFile} does not belong to the certificate in ${certificateFile}`,
      hint: "give the key that the certificate was requested with; the server's certificate must come first in its file",
    });
  }
  checkTime(certificate, certificateFile, now);
  if (!isFor(certificate, name)) {
    throw new CertificateError({
      code: "name-missing",
      message: `the certificate in ${certificateFile} is not for "${name}", but for ${namesOf(certificate).join(", ") || "no name at all"}`,
      hint: "start the server with a name that the certificate is for, or give a certificate for this name",
    });
  }
  const last = parsed.at(-1);
  const authority = last?.checkIssued(last) === true ? last.toString() : undefined;
  const toCome = nextAuthorityFile === undefined ? [] : await givenAuthorities(nextAuthorityFile, now);
  return {
    certificate: `${chain.join("\n")}\n`,
    key: keyText,
    authority,
    announced: [...new Set([...(authority === undefined ? [] : [authority]), ...toCome])],
    ownAuthority: false,
    names: namesOf(certificate),
    expiresAt: certificate.validToDate.getTime(),
  };
}

async function givenAuthorities(path: string, now: number): Promise<string[]> {
  const authorities = certificatesIn(await readGiven(path, "authority")).map((pem) => parseCertificate(pem, path));
  if (authorities.length === 0 || authorities.length >= MAX_AUTHORITIES || authorities.some(({ ca }) => !ca)) {
    throw new CertificateError({
      code: "unreadable",
      message: `${path} does not hold certificates of one to ${MAX_AUTHORITIES - 1} authorities and nothing else`,
      hint: "give the certificate of the authority that the server's next certificate will come from",
    });
  }
  for (const authority of authorities) checkTime(authority, path, now);
  return authorities.map((authority) => authority.toString());
}

async function readGiven(path: string, what: string): Promise<string> {
  const text = await readText(path);
  if (text !== undefined) return text;
  throw new CertificateError({
    code: "unreadable",
    message: `there is no ${what} file ${path}`,
    hint: "check the path",
  });
}

function parseCertificate(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new CertificateError({
      code: "unreadable",
      message: `a certificate in ${path} is damaged`,
      hint: "give the file as the certificate authority sent it",
      cause: error,
    });
  }
}

function parseKey(text: string, path: string): KeyObject {
  if (/ENCRYPTED/.test(text)) {
    throw new CertificateError({
      code: "unreadable",
      message: `the key in ${path} has a passphrase`,
      hint: `take it off with \`openssl pkey -in ${path} -out <new file>\`, and let only the server's user read the new file`,
    });
  }
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw new CertificateError({
      code: "unreadable",
      message: `${path} holds no private key`,
      hint: 'give a PEM file: it has a line "-----BEGIN PRIVATE KEY-----"',
      // Without the cause: what a parser says of a key may quote it.
      cause: error instanceof Error && "code" in error ? error.code : undefined,
    });
  }
}

function checkTime(certificate: X509Certificate, path: string, now: number): void {
  if (certificate.validToDate.getTime() <= now) {
    throw new CertificateError({
      code: "expired",
      message: `the certificate in ${path} expired on ${certificate.validToDate.toISOString()}`,
      hint: "renew it, or start the server without certificate files: it then makes its own",
    });
  }
  if (certificate.validFromDate.getTime() > now) {
    throw new CertificateError({
      code: "not-yet-valid",
      message: `the certificate in ${path} is valid only from ${certificate.validFromDate.toISOString()}`,
      hint: `check this machine's clock: it says ${new Date(now).toISOString()}`,
    });
  }
}
