import { KbinError } from "../../appliance/kbin/error.ts";
import type { KbinPackage } from "../../appliance/kbin/manifest.ts";
import { packKbin } from "../../appliance/kbin/pack.ts";
import { type KbinProof, readKbin } from "../../appliance/kbin/read.ts";
import { privateKeyIn, publicKeyIn } from "../key-file.ts";
import { type Column, printList, type Terminal } from "../output.ts";
import { type ExitCode, UsageError } from "../session.ts";
import { requireFile, requireFolderOf } from "../text-file.ts";

/** Where the answers of these commands go: they need no appliance. */
export interface BundleOutput {
  readonly terminal: Terminal;
  readonly json: boolean;
}

const COLUMNS: readonly Column<KbinPackage>[] = [
  ["package", ({ fileName }) => fileName],
  ["bytes", ({ sizeBytes }) => sizeBytes],
  ["sha256", ({ sha256 }) => sha256],
];

/** Packs packages into one archive, and prints its SHA-256 for the program that loads it. */
export async function packBundle(
  { terminal, json }: BundleOutput,
  files: readonly string[],
  { out, sign }: { readonly out: string; readonly sign?: string | undefined },
): Promise<ExitCode> {
  await requireFolderOf(out, "--out");
  for (const file of files) await requireFile(file, "the package");
  const key = sign === undefined ? undefined : await privateKeyIn(sign, "--sign");
  const { sha256, manifest } = await ofGivenFiles(() => packKbin(files, out, key));
  if (json) terminal.out(JSON.stringify({ path: out, sha256, signed: key !== undefined, ...manifest }, undefined, 2));
  else terminal.out(`${sha256}  ${out}`);
  return 0;
}

/** Reads an archive through, proves it and lists what it holds. */
export async function verifyBundle(
  { terminal, json }: BundleOutput,
  path: string,
  { sha256, publicKey }: { readonly sha256?: string | undefined; readonly publicKey?: string | undefined },
): Promise<ExitCode> {
  if (sha256 === undefined && publicKey === undefined)
    throw new UsageError("nothing proves the archive", "say --sha256 <checksum> or --public-key <file>");
  await requireFile(path, "the archive");
  const proof: KbinProof = {
    sha256: sha256?.toLowerCase(),
    publicKey: publicKey === undefined ? undefined : await publicKeyIn(publicKey, "--public-key"),
  };
  const { packages } = await ofGivenFiles(() => readKbin(path, proof));
  printList(terminal, json, packages, COLUMNS, "it is empty");
  return 0;
}

/** A file that is not what it must be was named so by the user. @throws UsageError */
async function ofGivenFiles<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof KbinError ? new UsageError(error.message) : error;
  }
}
