import { X509Certificate } from "node:crypto";
import { fingerprintOf, nameOf } from "../certificates/authority.ts";
import type { ServerIdentity } from "../certificates/identity.ts";
import type { PublishedAuthority } from "../operations/authorities.ts";

/** The authorities that agents are to trust, as a server announces them. */
export interface Announcement {
  /** PEM each, the present one first. */
  readonly certificates: readonly string[];
  readonly authorities: readonly PublishedAuthority[];
  /** {@link trustText} of them. */
  readonly text: string;
}

/** What a server announces with this identity. */
export function announcementOf({ announced, authority }: ServerIdentity): Announcement {
  const authorities = announced.map(
    (certificate): PublishedAuthority => ({
      name: nameOf(certificate),
      sha256: fingerprintOf(certificate),
      expiresAt: new X509Certificate(certificate).validToDate.toISOString(),
      use: certificate === authority ? "present" : "next",
    }),
  );
  return { certificates: announced, authorities, text: trustText(authorities.map(({ sha256 }) => sha256)) };
}

/** Authorities that are trusted, such that equal ones have equal texts. */
export function trustText(sha256s: readonly string[]): string {
  return sha256s.toSorted().join();
}

/**
 * Whether an agent must be told. One that is too old to take up authorities says nothing of them, and one that trusts its
 * system's roots does not leave them.
 *
 * @param trusts the {@link trustText} of what it trusts; undefined where it is too old to say
 */
export function mustBeTold(trusts: string | undefined, { text }: Announcement): boolean {
  return trusts !== undefined && trusts !== "" && text !== "" && trusts !== text;
}
