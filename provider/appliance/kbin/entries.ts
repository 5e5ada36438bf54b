import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { Parser, type ReadEntry } from "tar";
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

/** Some entries are in the names only: they say how long the next name is, and so on. They are bounded on their own. */
const MAX_META_BYTES = 64 * 1024;

/**
 * Reads the files of a gzip-compressed tar archive one after the other; nothing is unpacked to the disk, and memory does
 * not grow with the archive. What is no plain file (links, folders, devices) is refused, and so is any way out.
 *
 * @param visit gets every file in the order of the archive; what it leaves unread is skipped
 * @throws KbinError, and what `visit` throws
 */
export async function walkArchive(path: string, visit: (entry: ArchiveEntry) => Promise<void>): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  let work = Promise.resolve();
  let entries = 0;
  let current: ReadEntry | undefined;
  const fail = (error: unknown) => {
    failure ??= { error };
  };
  const parser = new Parser({ strict: true, maxMetaEntrySize: MAX_META_BYTES });
  parser.on("entry", (entry: ReadEntry) => {
    entries += 1;
    current = entry;
    work = work
      .then(async () => {
        if (failure !== undefined) return;
        if (entry.type !== "File")
          throw new KbinError(`${entry.path} is a ${entry.type}: only plain files are expected`);
        await visit({ name: entry.path, sizeBytes: entry.size, content: entry });
      })
      .catch(fail)
      // What nobody reads would keep everything after it waiting.
      .finally(() => entry.resume());
  });
  parser.on("error", fail);
  const ended = new Promise<void>((resolve) => {
    for (const event of ["end", "close", "error"]) parser.on(event, () => resolve());
  });
  try {
    for await (const bytes of unpacked(path)) {
      if (failure !== undefined) break;
      if (!parser.write(bytes)) await Promise.race([once(parser, "drain"), ended]);
    }
  } catch (error) {
    fail(error);
  }
  if (failure === undefined) {
    parser.end();
    await ended;
  } else {
    parser.abort(new Error("given up"));
    current?.destroy(failure.error); // its reader waits for what never comes
  }
  await work;
  if (failure !== undefined) throw explained(failure.error, path);
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
