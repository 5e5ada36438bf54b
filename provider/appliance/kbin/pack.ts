import { createHash, type KeyObject, sign } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { create } from "tar";
import { KbinError } from "./error.ts";
import { KBIN_FORMAT, type KbinManifest, MANIFEST_NAME, parseManifest, SIGNATURE_NAME } from "./manifest.ts";

/** What was packed: its proof for who reads it. */
export interface Packed {
  /** Of the whole archive, lower-case hexadecimal. */
  readonly sha256: string;
  readonly manifest: KbinManifest;
}

/**
 * Packs files into one archive of packages, signed where a key is given. The archive appears whole or not at all; the same
 * files make the same bytes.
 *
 * @param key an Ed25519 private key
 * @throws KbinError for files that cannot be packed
 * @example await packKbin(["ampagent-14.1.19.ubuntu.64.deb"], "agents.kbin");
 */
export async function packKbin(files: readonly string[], out: string, key?: KeyObject): Promise<Packed> {
  const draft = await mkdtemp(join(dirname(out), ".kbin-"));
  try {
    const packages = [];
    for (const file of files) {
      const copy = join(draft, basename(file));
      await copyFile(file, copy); // the archive is of one moment, whatever happens to the file
      packages.push({ fileName: basename(file), sha256: await sha256Of(copy), sizeBytes: (await stat(copy)).size });
    }
    const text = `${JSON.stringify({ format: KBIN_FORMAT, packages }, undefined, 2)}\n`;
    const manifest = parseManifest(text);
    if ("problem" in manifest) throw new KbinError(`these files cannot be packed: ${manifest.problem}`);
    await writeFile(join(draft, MANIFEST_NAME), text);
    if (key !== undefined) await writeFile(join(draft, SIGNATURE_NAME), sign(null, Buffer.from(text), key));
    const names = [
      MANIFEST_NAME,
      ...(key === undefined ? [] : [SIGNATURE_NAME]),
      ...packages.map(({ fileName }) => fileName),
    ];
    const archive = join(draft, ".archive");
    await create(
      { file: archive, cwd: draft, gzip: true, portable: true, noMtime: true, noDirRecurse: true, strict: true },
      names,
    );
    await rename(archive, out);
    return { sha256: await sha256Of(out), manifest };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
