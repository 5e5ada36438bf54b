import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A file that is named as the vendor names its package for Debian; its content is its name. */
export const PACKAGE = "ampagent-14.1.19.ubuntu.64.deb";

/** Its checksum. */
export const PACKAGE_SHA256 = createHash("sha256").update(PACKAGE).digest("hex");

/** Writes {@link PACKAGE} and its SHA256SUMS into a new folder `packages` of a program. */
export async function writePackage(program: string): Promise<void> {
  const folder = join(program, "packages");
  await mkdir(folder);
  await writeFile(join(folder, PACKAGE), PACKAGE);
  await writeFile(join(folder, "SHA256SUMS"), `${PACKAGE_SHA256}  ${PACKAGE}\n`);
}

/** The `AgentBundle` of that folder, for a YAML program. */
export const BUNDLE = {
  type: "kace:AgentBundle",
  properties: { files: [{ path: `./packages/${PACKAGE}`, sha256: PACKAGE_SHA256 }] },
} as const;
