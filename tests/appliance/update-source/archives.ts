import type { KeyObject } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { onTestFinished } from "vitest";
import { packKbin } from "../../../provider/appliance/kbin/pack.ts";

/** A folder of its own, gone with the test. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kace-update-source-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface Archive {
  readonly path: string;
  readonly fileName: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Packs an archive of one version of the reference agent. */
export async function archiveOf(
  folder: string,
  version: string,
  { key, content = `the agent ${version}`, named }: { key?: KeyObject; content?: string; named?: string } = {},
): Promise<Archive> {
  const from = join(folder, `.packages-${version}`);
  await mkdir(from, { recursive: true });
  const file = join(from, named ?? `kace-reference-agent_${version}_amd64.deb`);
  await writeFile(file, content);
  const path = join(folder, `agents-${version}.kbin`);
  const { sha256 } = await packKbin([file], path, key);
  await rm(from, { recursive: true });
  return { path, fileName: basename(path), sha256, sizeBytes: (await stat(path)).size };
}

/** Writes the list of checksums beside archives. */
export async function listSums(folder: string, archives: readonly Archive[]): Promise<void> {
  const lines = archives.map(({ sha256, fileName }) => `${sha256}  ${fileName}\n`);
  await writeFile(join(folder, "SHA256SUMS"), lines.join(""));
}

/** The index of archives as a server has it. */
export function indexOf(archives: readonly (Archive & { readonly version: string })[], more: object = {}): string {
  const bundles = archives.map(({ fileName, sha256, sizeBytes, version }) => ({
    file: fileName,
    flavour: "reference",
    version,
    sizeBytes,
    sha256,
    ...more,
  }));
  return JSON.stringify({ format: 1, bundles });
}

/** The bytes of an archive. */
export function bytesOf({ path }: Archive): Promise<Buffer> {
  return readFile(path);
}
