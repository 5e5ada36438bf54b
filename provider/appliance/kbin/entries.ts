import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { walkTar } from "../tar-entries.ts";
import { KbinError } from "./error.ts";

/** A file of an archive; its content is read once, before the next file. */
export interface ArchiveEntry {
  readonly name: string;
  readonly sizeBytes: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/** Packages are compressed themselves: what unpacks to more than this many times its size is made to fill a disk. */
const MAX_RATIO = 100;
/** What may come beside: headers, the manifest, the padding of short archives. */
const MAX_OVERHEAD_BYTES = 4 * 1024 * 1024;

/**
 * Reads the files of a gzip-compressed tar archive one after the other; nothing is unpacked to the disk, and memory does
 * not grow with the archive. What is no plain file (links, folders, devices) is refused, and so is any way out.
 *
 * @param visit gets every file in the order of the archive; what it leaves unread is skipped
 * @throws KbinError, and what `visit` throws
 */
export async function walkArchive(path: string, visit: (entry: ArchiveEntry) => Promise<void>): Promise<void> {
  let entries = 0;
  try {
    await walkTar(unpacked(path), async (entry) => {
      entries += 1;
      if (entry.type !== "File")
        throw new KbinError(`${entry.path} in ${path} is a ${entry.type}: only plain files are expected`);
      await visit({ name: entry.path, sizeBytes: entry.size, content: entry });
    });
  } catch (error) {
    throw explained(error, path);
  }
  if (entries === 0) throw new KbinError(notAnArchive(path));
}

async function* unpacked(path: string): AsyncIterable<Buffer> {
  const mostBytes = MAX_RATIO * (await stat(path)).size + MAX_OVERHEAD_BYTES;
  const file = createReadStream(path);
  const gunzip = createGunzip();
  file.on("error", (error) => gunzip.destroy(error));
  let bytes = 0;
  try {
    for await (const chunk of file.pipe(gunzip)) {
      const unpackedChunk: Buffer = chunk;
      bytes += unpackedChunk.length;
      if (bytes > mostBytes)
        throw new KbinError(`${path} unpacks to more than ${MAX_RATIO} times its size: that is no archive of packages`);
      yield unpackedChunk;
    }
  } finally {
    file.destroy();
  }
}

function notAnArchive(path: string): string {
  return `${path} is no archive of packages (a gzip-compressed tar with a bundle.json): an appliance vendor's own .kbin files have another format; take the packages out of the appliance instead`;
}

function explained(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || error instanceof KbinError) return error;
  const code = "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return new KbinError(`there is no file ${path}`);
  if (code === "EISDIR" || code === "EACCES") return new KbinError(`${path} cannot be read: ${error.message}`);
  if (code === "TAR_BAD_ARCHIVE" || code.startsWith("Z_") || code.startsWith("TAR_"))
    return new KbinError(`${notAnArchive(path)} (${error.message})`);
  return error;
}
