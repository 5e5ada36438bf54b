import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Path } from "../kit/define/path.ts";

/** A package as a program names it: where it is and what it must be. */
export interface BundleFile {
  readonly fileName: string;
  /** Absolute. */
  readonly path: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** The property that names it. */
  readonly at: Path;
}

/** What is wrong with the files of a bundle, and where. */
export interface BundleProblem {
  readonly path: Path;
  readonly reason: string;
}

/** The ways in which a program names packages. */
export interface BundleSource {
  readonly files?: readonly { readonly path: string; readonly sha256: string }[] | undefined;
  readonly folder?: string | undefined;
  readonly checksums?: string | undefined;
}

const CHECKSUM_LINE = /^([0-9a-fA-F]{64})[ \t]+\*?(.+)$/;

/**
 * The packages that a program names: `files`, or those that `checksums` (the text of a SHA256SUMS file) names in
 * `folder`. Nothing is read from the disk.
 *
 * @param from the folder that relative paths start at
 */
export function bundleFilesOf(
  source: BundleSource,
  from: string,
): { readonly files: readonly BundleFile[]; readonly problems: readonly BundleProblem[] } {
  const problems: BundleProblem[] = [];
  const files: BundleFile[] = [];
  const { folder, checksums } = source;
  for (const [index, { path, sha256 }] of (source.files ?? []).entries())
    files.push({
      fileName: basename(path),
      path: resolve(from, path),
      sha256: sha256.toLowerCase(),
      at: ["files", index],
    });
  if (folder !== undefined && checksums === undefined)
    problems.push({
      path: ["checksums"],
      reason:
        "expected the text of the folder's SHA256SUMS file: packages without a checksum are not installed (`sha256sum * > SHA256SUMS` writes one)",
    });
  if (folder === undefined && checksums !== undefined)
    problems.push({ path: ["folder"], reason: "expected the folder that the files named in `checksums` are in" });
  if (folder !== undefined && checksums !== undefined) {
    for (const [index, line] of checksums.split(/\r?\n/).entries()) {
      if (line.trim() === "") continue;
      const match = CHECKSUM_LINE.exec(line);
      const [, sha256, name] = match ?? [];
      if (sha256 === undefined || name === undefined || basename(name) !== name.replace(/^\.\//, ""))
        problems.push({
          path: ["checksums"],
          reason: `line ${index + 1} is not a checksum and a file name in the folder, as sha256sum writes them`,
        });
      else
        files.push({
          fileName: basename(name),
          path: join(resolve(from, folder), basename(name)),
          sha256: sha256.toLowerCase(),
          at: ["checksums"],
        });
    }
  }
  if (files.length === 0 && problems.length === 0)
    problems.push({
      path: ["files"],
      reason: "expected at least one package, in `files` or in `folder` with `checksums`",
    });
  const seen = new Set<string>();
  for (const { fileName, at } of files) {
    if (seen.has(fileName)) problems.push({ path: at, reason: `${fileName} is named twice` });
    seen.add(fileName);
  }
  return { files, problems };
}

/** What reading a file through came to: its size, or what is wrong with it. */
export type Measured =
  | { readonly kind: "right"; readonly sizeBytes: number }
  | { readonly kind: "missing" | "wrong"; readonly message: string };

/** Reads a file through and compares it with its checksum. */
export async function measureFile(file: BundleFile): Promise<Measured> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  try {
    for await (const chunk of createReadStream(file.path)) {
      const bytes: Uint8Array = chunk;
      hash.update(bytes);
      sizeBytes += bytes.length;
    }
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const why = missing ? "there is no such file" : error instanceof Error ? error.message : String(error);
    return { kind: missing ? "missing" : "wrong", message: `${file.path} cannot be read: ${why}` };
  }
  const actual = hash.digest("hex");
  return actual === file.sha256
    ? { kind: "right", sizeBytes }
    : {
        kind: "wrong",
        message: `${file.fileName} has the SHA-256 ${actual}, not ${file.sha256}: it is not the file that was meant`,
      };
}

/** What is wrong with the folder of a bundle: that it is not there. */
export async function missingFolder(folder: string | undefined, from: string): Promise<BundleProblem | undefined> {
  if (folder === undefined) return undefined;
  const path = resolve(from, folder);
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false, // whatever hides it, its packages cannot be read
  );
  return isFolder ? undefined : { path: ["folder"], reason: `there is no folder ${path}` };
}
