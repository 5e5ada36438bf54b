import type { X509Certificate } from "node:crypto";
import { isIP, isIPv6 } from "node:net";

/**
 * The names and addresses that a certificate is for, each in its one spelling, sorted, without repetition.
 * Link-local addresses with a zone are left out: no certificate can hold a zone.
 * @example canonicalNames(["Kace.Example.", "0:0::1", "kace.example"]) // ["::1", "kace.example"]
 */
export function canonicalNames(names: readonly string[]): string[] {
  return [...new Set(names.filter((name) => name !== "" && !name.includes("%")).map(canonicalName))].sort();
}

function canonicalName(name: string): string {
  // The URL parser has the one spelling of an IPv6 address (RFC 5952); certificates print it in full and upper case.
  if (isIPv6(name)) return new URL(`http://[${name}]/`).hostname.slice(1, -1);
  return name.toLowerCase().replace(/\.$/, "");
}

/** The names and addresses that a certificate says it is for, canonical: its subject alternative names (RFC 5280, 4.2.1.6). */
export function namesOf(certificate: X509Certificate): string[] {
  const names = (certificate.subjectAltName ?? "").split(", ").flatMap((entry) => {
    const [, name] = /^(?:DNS|IP Address):(.+)$/.exec(entry) ?? [];
    return name === undefined ? [] : [name];
  });
  return canonicalNames(names);
}

/** Whether a TLS client that dials `name` accepts the certificate for it; wildcards count, the subject's common name does not. */
export function isFor(certificate: X509Certificate, name: string): boolean {
  if (isIP(name) !== 0) return certificate.checkIP(name) !== undefined;
  return certificate.checkHost(name, { subject: "never" }) !== undefined;
}
