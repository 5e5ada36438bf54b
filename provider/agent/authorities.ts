import { createHash } from "node:crypto";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;

/**
 * The certificates in a PEM text, by their SHA-256 in hexadecimal. Blanks may stand in the place of the ends of lines.
 * @example authoritiesIn(caCertificate).length // 2: the present authority and the next one
 */
export function authoritiesIn(pem: string): string[] {
  return [...pem.matchAll(CERTIFICATE)].map(([, base64 = ""]) =>
    createHash("sha256").update(Buffer.from(base64, "base64")).digest("hex"),
  );
}
