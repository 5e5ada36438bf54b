import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { KbinError } from "../../appliance/kbin/error.ts";
import type { KbinPackage } from "../../appliance/kbin/manifest.ts";
import { packKbin } from "../../appliance/kbin/pack.ts";
import { type KbinProof, readKbin } from "../../appliance/kbin/read.ts";
import { type Column, printList, type Terminal } from "../output.ts";
import { CommandError, type ExitCode, UsageError } from "../session.ts";

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
  const key = sign === undefined ? undefined : await privateKeyIn(sign);
  const { sha256, manifest } = await explained(() => packKbin(files, out, key));
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
  const proof: KbinProof = {
    sha256: sha256?.toLowerCase(),
    publicKey: publicKey === undefined ? undefined : await publicKeyIn(publicKey),
  };
  const { packages } = await explained(() => readKbin(path, proof));
  printList(terminal, json, packages, COLUMNS, "it is empty");
  return 0;
}

function privateKeyIn(file: string): Promise<KeyObject> {
  return keyIn(file, createPrivateKey, "private key");
}

function publicKeyIn(file: string): Promise<KeyObject> {
  return keyIn(file, createPublicKey, "public key");
}

async function keyIn(file: string, parse: (pem: string) => KeyObject, what: string): Promise<KeyObject> {
  const hint = "`openssl genpkey -algorithm ed25519` makes a private key, `openssl pkey -pubout` its public key";
  const pem = await explained(() => readFile(file, "utf8"));
  let key: KeyObject | undefined;
  try {
    key = parse(pem);
  } catch {
    key = undefined; // what the library says of it may quote it
  }
  if (key?.asymmetricKeyType === "ed25519") return key;
  throw new CommandError(`${file} holds no Ed25519 ${what} in PEM form`, hint);
}

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KbinError) throw new CommandError(error.message);
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      throw new CommandError(`there is no such file: ${"path" in error ? error.path : error.message}`);
    throw error;
  }
}
