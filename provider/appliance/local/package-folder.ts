import { createHash, randomBytes } from "node:crypto";
import { closeSync, createReadStream, fstatSync, openSync, readdirSync, readSync, rmSync, statSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { PackageContent } from "../appliance.ts";
import { ApplianceError } from "../errors.ts";
import { describeFileError } from "./file-errors.ts";

const DRAFT_KEPT_MS = 24 * 3_600_000;

/** The content of packages: one file each, named by its hash. */
export class PackageFolder {
  readonly #path: string;

  constructor(folder: string) {
    this.#path = join(folder, "packages");
  }

  /** The size of a content in bytes; undefined where it is not here. */
  sizeOf(sha256: string): number | undefined {
    return statSync(this.#fileOf(sha256), { throwIfNoEntry: false })?.size;
  }

  /**
   * Writes a content beside its place, checks it, and puts it there only then.
   * @throws ApplianceError `invalid`, `disk-full`, `permission-denied`, `read-only`
   */
  async put(sha256: string, sizeBytes: number, content: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.#fileOf(sha256);
    const draft = `${path}.${randomBytes(6).toString("hex")}.part`;
    try {
      await mkdir(this.#path, { recursive: true, mode: 0o700 });
      const file = await open(draft, "wx", 0o600);
      try {
        const hash = createHash("sha256");
        let written = 0;
        for await (const chunk of content) {
          written += chunk.length;
          if (written > sizeBytes) throw differs(`it is longer than the ${sizeBytes} bytes announced`);
          hash.update(chunk);
          await file.writeFile(chunk);
        }
        if (written < sizeBytes) throw differs(`it ended after ${written} of ${sizeBytes} bytes`);
        const actual = hash.digest("hex");
        if (actual !== sha256) throw differs(`its SHA-256 is ${actual}, not ${sha256}`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw describeFileError(error, this.#path);
    }
  }

  /** @throws ApplianceError `not-found` */
  async open(sha256: string): Promise<PackageContent> {
    const sizeBytes = this.sizeOf(sha256);
    if (sizeBytes === undefined) throw noContent(sha256);
    return { sizeBytes, stream: createReadStream(this.#fileOf(sha256)) };
  }

  /**
   * Reads what follows at an offset, at most so much; undefined where the content is not here. It is meant for parts that
   * are small enough to be read at once.
   */
  readPart(
    sha256: string,
    offset: number,
    maxBytes: number,
  ): { readonly sizeBytes: number; readonly data: Buffer } | undefined {
    if (this.sizeOf(sha256) === undefined) return undefined;
    const file = openSync(this.#fileOf(sha256), "r");
    try {
      const sizeBytes = fstatSync(file).size;
      const data = Buffer.alloc(Math.max(0, Math.min(maxBytes, sizeBytes - offset)));
      let filled = 0;
      while (filled < data.length) {
        const read = readSync(file, data, filled, data.length - filled, offset + filled);
        if (read === 0) break;
        filled += read;
      }
      return { sizeBytes, data: data.subarray(0, filled) };
    } finally {
      closeSync(file);
    }
  }

  remove(sha256: string): void {
    rmSync(this.#fileOf(sha256), { force: true });
  }

  /** Removes what uploads left that were killed. */
  removeOldDrafts(now: number): void {
    for (const name of filesIn(this.#path)) {
      if (!name.endsWith(".part")) continue;
      const stat = statSync(join(this.#path, name), { throwIfNoEntry: false });
      if (stat !== undefined && now - stat.mtimeMs > DRAFT_KEPT_MS) rmSync(join(this.#path, name), { force: true });
    }
  }

  #fileOf(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) {
      throw new ApplianceError({ code: "invalid", message: "expected the 64 hexadecimal digits of a SHA-256" });
    }
    return join(this.#path, sha256);
  }
}

/** The answer to whoever asks for a content that is not here, or that they have not shown to have. */
export function noContent(sha256: string): ApplianceError {
  return new ApplianceError({
    code: "not-found",
    message: `the content of the package with SHA-256 ${sha256} is not on this appliance`,
    hint: "run `pulumi up` on the program that has its AgentBundle",
  });
}

function filesIn(path: string): string[] {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(path);
}

function differs(how: string): ApplianceError {
  return new ApplianceError({
    code: "invalid",
    message: `the content of the package is not what was announced: ${how}`,
    hint: "the file was changed or cut on the way: build or download it again",
  });
}
