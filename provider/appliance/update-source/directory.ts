import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  ARCHIVE_NAME,
  MAX_ARCHIVE_BYTES,
  MAX_INDEX_BYTES,
  MAX_OFFERS,
  type Offers,
  UpdateSourceError,
} from "./offer.ts";

/** Beside the archives, as `sha256sum *.kbin > SHA256SUMS` writes it. */
const CHECKSUMS = "SHA256SUMS";

/**
 * The archives in a directory: plain files whose names end in `.kbin`, and nothing that a link leads to.
 *
 * @param signed whether a signature proves them; else `SHA256SUMS` must name them
 * @throws UpdateSourceError where it cannot be read
 */
export async function offersInDirectory(folder: string, signed: boolean): Promise<Offers> {
  const names = await archivesIn(folder);
  const sums = checksumsIn(await textOf(join(folder, CHECKSUMS)));
  const faults: string[] = [];
  const offers = names.flatMap((fileName) => {
    const sha256 = sums.get(fileName);
    if (sha256 !== undefined || signed)
      return [{ fileName, sha256, said: undefined, obtain: () => checked(join(folder, fileName)) }];
    faults.push(`${fileName} is not named in ${CHECKSUMS}, and there is no key that it must be signed by`);
    return [];
  });
  return { offers, faults };
}

async function archivesIn(folder: string): Promise<string[]> {
  let entries: Awaited<ReturnType<typeof entriesOf>>;
  try {
    entries = await entriesOf(folder);
  } catch (error) {
    throw new UpdateSourceError(`${folder} cannot be read: ${messageOf(error)}`);
  }
  const names = entries.filter((entry) => entry.isFile() && ARCHIVE_NAME.test(entry.name)).map(({ name }) => name);
  if (names.length > MAX_OFFERS) throw new UpdateSourceError(`${folder} has more than ${MAX_OFFERS} archives`);
  return names.sort();
}

function entriesOf(folder: string) {
  return readdir(folder, { withFileTypes: true });
}

/** A file that is no link, and no larger than an archive may be. */
async function checked(path: string): Promise<string> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw new UpdateSourceError(`${path} is no plain file`);
      if (stat.size > MAX_ARCHIVE_BYTES)
        throw new UpdateSourceError(`${path} is larger than ${MAX_ARCHIVE_BYTES} bytes`);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof UpdateSourceError) throw error;
    throw new UpdateSourceError(`${path} cannot be read: ${messageOf(error)}`);
  }
  return path;
}

/** The text of a small file; nothing where there is none. */
async function textOf(path: string): Promise<string> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { size } = await file.stat();
      if (size > MAX_INDEX_BYTES) throw new UpdateSourceError(`${path} is larger than ${MAX_INDEX_BYTES} bytes`);
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof UpdateSourceError) throw error;
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw new UpdateSourceError(`${path} cannot be read: ${messageOf(error)}`);
  }
}

function checksumsIn(text: string): ReadonlyMap<string, string> {
  const lines = [...text.matchAll(/^([0-9a-fA-F]{64}) [ *](.+?)\r?$/gm)];
  return new Map(lines.map(([, sum = "", name = ""]) => [name.replace(/^\.\//, ""), sum.toLowerCase()]));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
