import { randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { provideReflection } from "./reflection.ts";

const DAY_MS = 86_400_000;
/** How long an authority lives. */
export const AUTHORITY_DAYS = 3_652;
/** The longest life of a server certificate that TLS clients accept (CA/Browser Forum baseline requirements, 6.3.2). */
export const SERVER_DAYS = 398;
/** Certificates begin this long before they are made, so that a client whose clock is two days behind accepts them. */
export const AUTHORITY_BACKDATED_MS = 7 * DAY_MS;
const SERVER_BACKDATED_DAYS = 3;

const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;

/** A certificate with its private key, both PEM; the key is PKCS #8. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/**
 * A new certificate authority: P-256, ten years, may sign server certificates only directly (path length 0).
 * @param now milliseconds since 1970
 * @example await createAuthority({ now: Date.now() })
 */
export async function createAuthority({ now }: { readonly now: number }): Promise<KeyPair> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const notBefore = now - AUTHORITY_BACKDATED_MS;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    // Two authorities must not share a name, or clients that hold both take the wrong one.
    name: [{ CN: [`pulumi-kace authority ${randomBytes(4).toString("hex")}`] }],
    notBefore: new Date(notBefore),
    notAfter: new Date(notBefore + AUTHORITY_DAYS * DAY_MS),
    keys,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString("pem")}\n`, key: await pemOf(keys.privateKey) };
}

/**
 * A certificate for a server, signed by the authority, with a key of its own.
 * @param names host names and addresses, at least one
 * @param now milliseconds since 1970
 */
export async function issueServerCertificate({
  authority,
  names,
  now,
}: {
  readonly authority: KeyPair;
  readonly names: readonly string[];
  readonly now: number;
}): Promise<KeyPair> {
  const [first] = names;
  if (first === undefined) throw new RangeError("a server certificate needs a name");
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certificate);
  const issuerKey = await webcrypto.subtle.importKey("pkcs8", derOf(authority.key), P256, false, ["sign"]);
  const keys = await webcrypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const notBefore = now - SERVER_BACKDATED_DAYS * DAY_MS;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    // The common name has at most 64 characters (RFC 5280, appendix A.1); clients look at the alternative names only.
    subject: [{ CN: [first.slice(0, 64)] }],
    issuer: issuer.subject,
    notBefore: new Date(notBefore),
    notAfter: new Date(notBefore + SERVER_DAYS * DAY_MS),
    publicKey: keys.publicKey,
    signingKey: issuerKey,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }) as const),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString("pem")}\n`, key: await pemOf(keys.privateKey) };
}

/** Loaded when a certificate is first made: it costs more than all the rest of a start. */
async function loadX509() {
  provideReflection();
  // A CommonJS module is the default of what a program gets that imports it later.
  const { default: x509 } = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto);
  return x509;
}

/** 127 random bits: unique without a register, and positive in any encoding. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes.readUInt8(0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}(?=.)/g, "$&\n")}\n-----END PRIVATE KEY-----\n`;
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ""), "base64");
}
