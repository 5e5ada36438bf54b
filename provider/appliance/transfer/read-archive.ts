import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ReadEntry } from "tar";
import { ApplianceError } from "../errors.ts";
import { describeFileError } from "../local/file-errors.ts";
import { walkTar } from "../tar-entries.ts";
import {
  type ArchivedFile,
  type ArchiveHeader,
  type ArchiveKind,
  archiveContents,
  CONTENTS_NAME,
  damaged,
  HEADER_NAME,
  notAnArchive,
  readHeader,
  readJson,
} from "./kinds.ts";

/** The names that archives have: nothing else is written anywhere, whatever an archive says. */
const NAMES =
  /^(archive\.json|contents\.json|secrets\.json|secrets\.key|appliance\.db|certificates\/[a-z][a-z0-9-]*\.pem|tables\/[a-z][a-z0-9_]*\.ndjson|packages\/[0-9a-f]{64})$/;

/** The first file says how everything else is read. */
const MAX_HEADER_BYTES = 64 * 1024;

/** An archive that was unpacked and is as it was made. */
export interface Unpacked {
  readonly header: ArchiveHeader;
  /** All but `contents.json`, in their order. */
  readonly files: readonly ArchivedFile[];
}

/**
 * Unpacks an archive into a folder, and checks all of it: what it is, that it is whole, and every file by its checksum.
 * @throws ApplianceError `invalid`, `newer-version`, `disk-full`, `unavailable`
 */
export async function readArchive(path: string, kind: ArchiveKind, folder: string): Promise<Unpacked> {
  let unpacking: Unpacking | undefined;
  try {
    const { size } = await stat(path);
    unpacking = new Unpacking(path, kind, folder, { sizeBytes: size, beginsAsOne: await beginsAsArchive(path) });
    const reading = unpacking;
    await walkTar(createReadStream(path), (entry) => reading.take(entry));
    return await reading.finish();
  } catch (error) {
    if (error instanceof ApplianceError) throw error;
    if (unpacking !== undefined && isOfTar(error)) throw unpacking.unreadable(error);
    throw describeFileError(error, path);
  }
}

/** Whether the reader of tars cannot read on; what is compressed it unpacks before it looks. */
function isOfTar(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === "ZlibError" || ("code" in error && String(error.code).startsWith("TAR_"));
}

/** The first bytes of every archive: in a tar's header the name comes first, and ends with a NUL. */
const BEGINNING = Buffer.from(`${HEADER_NAME}\0`);

/** Whether a file begins as archives do, so that one that is cut is told from a file that is something else. */
async function beginsAsArchive(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BEGINNING.length));
    return buffer.subarray(0, bytesRead).equals(BEGINNING);
  } finally {
    await file.close();
  }
}

class Unpacking {
  header: ArchiveHeader | undefined;
  readonly #path: string;
  readonly #kind: ArchiveKind;
  readonly #folder: string;
  readonly #files: ArchivedFile[] = [];
  readonly #beginsAsOne: boolean;
  #isEnded = false;
  /** What is left of the file: archives are not compressed, so that one cannot unpack to more than it is. */
  #bytesLeft: number;

  constructor(
    path: string,
    kind: ArchiveKind,
    folder: string,
    { sizeBytes, beginsAsOne }: { readonly sizeBytes: number; readonly beginsAsOne: boolean },
  ) {
    this.#path = path;
    this.#kind = kind;
    this.#folder = folder;
    this.#bytesLeft = sizeBytes;
    this.#beginsAsOne = beginsAsOne;
  }

  /** The answer where a tar cannot be read on: what has begun as an archive was cut or changed, all else is none. */
  unreadable(cause: unknown): ApplianceError {
    if (!this.#beginsAsOne && this.header === undefined) return notAnArchive(this.#path, this.#kind, cause);
    return damaged(this.#path, "it is cut off, or was changed", cause);
  }

  async take(entry: ReadEntry): Promise<void> {
    const name = entry.path;
    if (this.header === undefined) {
      if (name !== HEADER_NAME || entry.type !== "File" || entry.size > MAX_HEADER_BYTES)
        throw notAnArchive(this.#path, this.#kind);
      this.#files.push(await this.#unpack(entry));
      this.header = readHeader(await this.#textOf(HEADER_NAME), this.#path, this.#kind);
      return;
    }
    if (this.#isEnded || entry.type !== "File" || !NAMES.test(name))
      throw damaged(this.#path, `${JSON.stringify(name)} does not belong into it`);
    if (this.#files.some((file) => file.name === name)) throw damaged(this.#path, `it holds ${name} twice`);
    const file = await this.#unpack(entry);
    if (name === CONTENTS_NAME) this.#isEnded = true;
    else this.#files.push(file);
  }

  async finish(): Promise<Unpacked> {
    if (this.header === undefined) throw this.#tooShort();
    if (!this.#isEnded) throw damaged(this.#path, "it is cut off");
    const { files } = readJson(archiveContents, await this.#textOf(CONTENTS_NAME), this.#path, CONTENTS_NAME);
    for (const [index, { name, sizeBytes, sha256 }] of this.#files.entries()) {
      const said = files[index];
      if (said?.name !== name || said.sizeBytes !== sizeBytes || said.sha256 !== sha256)
        throw damaged(this.#path, `${name} is not the one that ${CONTENTS_NAME} names`);
    }
    if (files.length !== this.#files.length) throw damaged(this.#path, "files that it names are not in it");
    return { header: this.header, files };
  }

  async #unpack(entry: ReadEntry): Promise<ArchivedFile> {
    this.#bytesLeft -= entry.size;
    if (this.#bytesLeft < 0) throw this.#tooShort();
    const target = join(this.#folder, entry.path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const file = await open(target, "wx", 0o600);
    try {
      const hash = createHash("sha256");
      let sizeBytes = 0;
      for await (const chunk of entry) {
        const bytes: Buffer = chunk;
        hash.update(bytes);
        sizeBytes += bytes.length;
        await file.writeFile(bytes);
      }
      if (sizeBytes !== entry.size) throw damaged(this.#path, "it is cut off");
      await file.sync();
      return { name: entry.path, sizeBytes, sha256: hash.digest("hex") };
    } finally {
      await file.close();
    }
  }

  /** The answer to a file that has less than it says: it is cut off, unless it is compressed, which archives are not. */
  #tooShort(): ApplianceError {
    return this.#beginsAsOne ? damaged(this.#path, "it is cut off") : notAnArchive(this.#path, this.#kind);
  }

  #textOf(name: string): Promise<string> {
    return readFile(join(this.#folder, name), "utf8");
  }
}
