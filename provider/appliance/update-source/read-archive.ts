import { createHash, type KeyObject } from "node:crypto";
import { createReadStream } from "node:fs";
import { readPackageName } from "../../agent/flavours/registry.ts";
import { compareVersions } from "../../agent/versions.ts";
import { type OnPackage, readKbin } from "../kbin/read.ts";
import type { PackageFile } from "../operations/bundles.ts";
import { UpdateSourceError } from "./offer.ts";

/** What an archive holds, as its packages' names say. */
export interface ReadArchive {
  readonly sha256: string;
  readonly flavour: string;
  readonly version: string;
  readonly packages: readonly PackageFile[];
}

/**
 * Reads an archive through, proves it, and says what it holds.
 *
 * @throws KbinError, UpdateSourceError
 */
export async function readArchive(
  path: string,
  proof: { readonly sha256: string | undefined; readonly publicKey: KeyObject | undefined },
  onPackage?: OnPackage,
): Promise<ReadArchive> {
  // Also what only a signature proves is known by its checksum from now on.
  const sha256 = proof.sha256 ?? (await sha256Of(path));
  const { packages } = await readKbin(path, { sha256, publicKey: proof.publicKey }, onPackage);
  const read = packages.map(({ fileName, sha256: sum, sizeBytes }) => {
    const named = readPackageName(fileName);
    if (named === undefined) throw new UpdateSourceError(`${fileName} in ${path} is not named like an agent's package`);
    return { flavour: named.flavour, file: { ...named.named, sha256: sum, sizeBytes } };
  });
  const flavours = new Set(read.map(({ flavour }) => flavour.name));
  const [flavour] = flavours;
  if (flavour === undefined || flavours.size > 1)
    throw new UpdateSourceError(`${path} holds packages of several kinds of agents: ${[...flavours].join(", ")}`);
  const version = read
    .map(({ file }) => file.version)
    .reduce((newest, one) => (compareVersions(one, newest) > 0 ? one : newest));
  return { sha256, flavour, version, packages: read.map(({ file }) => file) };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
