import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, link, open, rm, stat } from "node:fs/promises";
import { Header } from "tar";
import { ApplianceError } from "../errors.ts";
import { describeFileError } from "../local/file-errors.ts";
import { type ArchivedFile, type ArchiveHeader, CONTENTS_NAME, HEADER_NAME } from "./kinds.ts";

const BLOCK_BYTES = 512;

/** A file to put into an archive: one on the disk, or a text. */
export type Content = { readonly file: string } | { readonly text: string };

/** Puts one more file into the archive that is being made; gives what is there so far. */
export type Put = (name: string, content: Content) => Promise<readonly ArchivedFile[]>;

/**
 * Writes an archive: a tar, readable by its owner only, that appears whole or not at all and replaces nothing.
 *
 * @param fill puts the files in, one after the other
 * @throws ApplianceError `conflict` where the file is there already, `disk-full`, `permission-denied`, `read-only`
 */
export async function writeArchive(
  path: string,
  header: ArchiveHeader,
  fill: (put: Put) => Promise<void>,
): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}.part`;
  try {
    await requireAbsent(path);
    const archive = await open(draft, "wx", 0o600);
    try {
      const files: ArchivedFile[] = [];
      const put: Put = async (name, content) => {
        files.push(await append(archive, name, content, header.madeAt));
        return files;
      };
      await put(HEADER_NAME, { text: `${JSON.stringify(header, undefined, 2)}\n` });
      await fill(put);
      const contents = `${JSON.stringify({ files }, undefined, 2)}\n`;
      await append(archive, CONTENTS_NAME, { text: contents }, header.madeAt);
      await archive.write(Buffer.alloc(2 * BLOCK_BYTES)); // two empty blocks are the end of a tar
      await archive.sync();
    } finally {
      await archive.close();
    }
    await give(draft, path);
  } catch (error) {
    throw describeFileError(error, path);
  } finally {
    await rm(draft, { force: true });
  }
}

async function requireAbsent(path: string): Promise<void> {
  const there = await stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
  if (there) throw exists(path);
}

/** A link, unlike a rename, never takes the place of a file that came meanwhile. */
async function give(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") throw exists(path);
    throw error;
  }
}

function exists(path: string): ApplianceError {
  return new ApplianceError({
    code: "conflict",
    message: `${path} is there already`,
    hint: "give another name, or remove it first: nothing is overwritten",
  });
}

async function append(archive: FileHandle, name: string, content: Content, madeAt: string): Promise<ArchivedFile> {
  const text = "text" in content ? Buffer.from(content.text) : undefined;
  const sizeBytes = text === undefined && "file" in content ? (await stat(content.file)).size : (text?.length ?? 0);
  await archive.write(headerOf(name, sizeBytes, madeAt));
  const hash = createHash("sha256");
  let written = 0;
  const chunks: AsyncIterable<Buffer> | Iterable<Buffer> =
    "file" in content ? createReadStream(content.file) : [Buffer.from(content.text)];
  for await (const chunk of chunks) {
    hash.update(chunk);
    written += chunk.length;
    await archive.writeFile(chunk);
  }
  if (written !== sizeBytes) {
    throw new ApplianceError({ code: "unavailable", message: `${name} changed while it was copied: try again` });
  }
  await archive.write(Buffer.alloc((BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES));
  return { name, sizeBytes, sha256: hash.digest("hex") };
}

function headerOf(path: string, size: number, madeAt: string): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const needsMore = new Header({ path, size, mode: 0o600, type: "File", mtime: new Date(madeAt) }).encode(block, 0);
  // Names here are short, so that whatever reads tar reads these.
  if (needsMore) throw new TypeError(`${path} does not fit into the header of a tar`);
  return block;
}
