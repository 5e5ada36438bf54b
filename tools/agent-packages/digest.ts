import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** 16 hex digits that change with any of these texts. */
export function digestOf(...texts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  // The length in front keeps ("ab", "c") and ("a", "bc") apart.
  for (const text of texts) hash.update(`${Buffer.byteLength(text)}\n`).update(text);
  return hash.digest("hex").slice(0, 16);
}

/** The same of the names and texts of all files below a folder that `counts` lets pass. */
export async function digestOfFolder(folder: string, counts: (path: string) => boolean = () => true): Promise<string> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = found
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter(counts)
    .sort();
  const parts: (string | Uint8Array)[] = [];
  for (const path of paths) parts.push(path, await readFile(join(folder, path)));
  return digestOf(...parts);
}
