import { createHash, type KeyObject, verify } from "node:crypto";
import { createReadStream } from "node:fs";
import { type ArchiveEntry, walkArchive } from "./entries.ts";
import { KbinError } from "./error.ts";
import {
  type KbinManifest,
  type KbinPackage,
  MANIFEST_NAME,
  MAX_MANIFEST_BYTES,
  parseManifest,
  SIGNATURE_BYTES,
  SIGNATURE_NAME,
} from "./manifest.ts";

/** What an archive must prove; at least one of both. */
export interface KbinProof {
  /** The SHA-256 of the whole file, lower-case hexadecimal. */
  readonly sha256?: string | undefined;
  /** The Ed25519 key whose holder signed its manifest. */
  readonly publicKey?: KeyObject | undefined;
}

/** Gets the content of a package; it need not read it. */
export type OnPackage = (entry: KbinPackage, content: AsyncIterable<Uint8Array>) => Promise<void>;

/**
 * Reads an archive of packages (`.kbin`) through and proves it: its checksum or the signature of its manifest, and every
 * package by the manifest. The packages are given to `onPackage` before all of that is known, so what it keeps counts only
 * once this function has returned.
 *
 * @throws KbinError that says what is wrong with the archive
 * @throws TypeError where there is nothing to prove it by
 * @example const { packages } = await readKbin("agents.kbin", { sha256 });
 */
export async function readKbin(path: string, proof: KbinProof, onPackage?: OnPackage): Promise<KbinManifest> {
  if (proof.sha256 === undefined && proof.publicKey === undefined) throw new TypeError("nothing proves the archive");
  if (proof.sha256 !== undefined) await requireChecksum(path, proof.sha256);
  const reading = new Reading(path, proof.publicKey, onPackage);
  await walkArchive(path, (entry) => reading.take(entry));
  return reading.finish();
}

async function requireChecksum(path: string, expected: string): Promise<void> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const missing = "code" in error && error.code === "ENOENT";
    throw new KbinError(missing ? `there is no file ${path}` : `${path} cannot be read: ${error.message}`);
  }
  const actual = hash.digest("hex");
  if (actual !== expected) {
    throw new KbinError(`${path} has the SHA-256 ${actual}, not ${expected}: it is not the file that was meant`);
  }
}

class Reading {
  readonly #path: string;
  readonly #publicKey: KeyObject | undefined;
  readonly #onPackage: OnPackage | undefined;
  #manifestBytes: Buffer | undefined;
  #manifest: KbinManifest | undefined;
  #isProved: boolean;
  readonly #seen = new Set<string>();

  constructor(path: string, publicKey: KeyObject | undefined, onPackage: OnPackage | undefined) {
    this.#path = path;
    this.#publicKey = publicKey;
    this.#onPackage = onPackage;
    this.#isProved = publicKey === undefined;
  }

  async take(entry: ArchiveEntry): Promise<void> {
    if (this.#manifest === undefined) return this.#takeManifest(entry);
    if (entry.name === SIGNATURE_NAME) return this.#takeSignature(entry);
    if (!this.#isProved) throw this.#unsigned();
    await this.#takePackage(entry, this.#manifest);
  }

  finish(): KbinManifest {
    if (this.#manifest === undefined) throw new KbinError(`${this.#path} has no ${MANIFEST_NAME}`);
    if (!this.#isProved) throw this.#unsigned();
    const missing = this.#manifest.packages.find(({ fileName }) => !this.#seen.has(fileName));
    if (missing !== undefined) throw new KbinError(`${this.#path} does not hold ${missing.fileName}, which it names`);
    return this.#manifest;
  }

  async #takeManifest(entry: ArchiveEntry): Promise<void> {
    if (entry.name !== MANIFEST_NAME)
      throw new KbinError(`${this.#path} begins with ${entry.name}, not with ${MANIFEST_NAME}`);
    this.#manifestBytes = await this.#whole(entry, MAX_MANIFEST_BYTES);
    const parsed = parseManifest(this.#manifestBytes.toString("utf8"));
    if ("problem" in parsed) throw new KbinError(`${MANIFEST_NAME} in ${this.#path}: ${parsed.problem}`);
    this.#manifest = parsed;
  }

  async #takeSignature(entry: ArchiveEntry): Promise<void> {
    const signature = await this.#whole(entry, SIGNATURE_BYTES);
    if (this.#publicKey === undefined || this.#manifestBytes === undefined) return;
    if (!verify(null, this.#manifestBytes, this.#publicKey, signature))
      throw new KbinError(`${this.#path} is not signed by the key that was given`);
    this.#isProved = true;
  }

  async #takePackage(entry: ArchiveEntry, { packages }: KbinManifest): Promise<void> {
    const { name, sizeBytes } = entry;
    const named = packages.find(({ fileName }) => fileName === name);
    if (named === undefined)
      throw new KbinError(`${this.#path} holds ${name}, which its ${MANIFEST_NAME} does not name`);
    if (this.#seen.has(name)) throw new KbinError(`${this.#path} holds ${name} twice`);
    this.#seen.add(name);
    if (sizeBytes !== named.sizeBytes)
      throw new KbinError(
        `${name} in ${this.#path} has ${sizeBytes} bytes, not ${named.sizeBytes} as ${MANIFEST_NAME} says`,
      );
    const hash = createHash("sha256");
    const hashed = hashing(entry.content, (chunk) => hash.update(chunk));
    await this.#onPackage?.(named, hashed);
    for await (const _rest of hashed);
    const actual = hash.digest("hex");
    if (actual !== named.sha256)
      throw new KbinError(
        `${name} in ${this.#path} has the SHA-256 ${actual}, not ${named.sha256} as ${MANIFEST_NAME} says`,
      );
  }

  async #whole({ name, sizeBytes, content }: ArchiveEntry, maxBytes: number): Promise<Buffer> {
    if (sizeBytes > maxBytes)
      throw new KbinError(`${name} in ${this.#path} has ${sizeBytes} bytes: at most ${maxBytes} are expected`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  #unsigned(): KbinError {
    return new KbinError(
      `${this.#path} is not signed: its second entry must be ${SIGNATURE_NAME}, made by the holder of the key that was given`,
    );
  }
}

/** The same bytes, each shown to `update`; may be read on where a first reader stopped. */
function hashing(content: AsyncIterable<Uint8Array>, update: (chunk: Uint8Array) => void): AsyncIterable<Uint8Array> {
  const iterator = content[Symbol.asyncIterator]();
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const result = await iterator.next();
        if (result.done !== true) update(result.value);
        return result;
      },
    }),
  };
}
