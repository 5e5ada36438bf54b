import { createPublicKey, type KeyObject } from "node:crypto";
import { resolve } from "node:path";
import { KbinError } from "../appliance/kbin/error.ts";
import type { KbinPackage } from "../appliance/kbin/manifest.ts";
import { type OnPackage, readKbin } from "../appliance/kbin/read.ts";
import type { BundleProblem } from "./bundle-files.ts";

/** An archive of packages as a program names it. */
export interface BundleArchive {
  readonly path: string;
  readonly sha256?: string | undefined;
  /** PEM. */
  readonly publicKey?: string | undefined;
}

/**
 * Reads an archive through and proves it.
 *
 * @param from the folder that a relative path starts at
 * @param onPackage gets the packages, which count only once the whole archive is proved
 */
export async function readArchive(
  archive: BundleArchive,
  from: string,
  onPackage?: OnPackage,
): Promise<{ readonly packages: readonly KbinPackage[] } | { readonly problem: BundleProblem }> {
  const { sha256, publicKey: pem } = archive;
  const refused = (property: string, reason: string) => ({ problem: { path: ["archive", property], reason } });
  if (sha256 === undefined && pem === undefined)
    return refused("sha256", "expected the archive's SHA-256, or the `publicKey` of who signed it");
  const publicKey = pem === undefined ? undefined : ed25519Key(pem);
  if (pem !== undefined && publicKey === undefined)
    return refused("publicKey", "expected an Ed25519 public key in PEM form (`openssl pkey -in key.pem -pubout`)");
  try {
    return await readKbin(resolve(from, archive.path), { sha256: sha256?.toLowerCase(), publicKey }, onPackage);
  } catch (error) {
    if (error instanceof KbinError) return refused("path", error.message);
    throw error;
  }
}

function ed25519Key(pem: string): KeyObject | undefined {
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === "ed25519" ? key : undefined;
  } catch {
    return undefined; // whatever it is, it is no key
  }
}
