import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { runOrThrow } from "../process/run.ts";
import type { Say } from "../process/say.ts";
import {
  type Architecture,
  fileNameOf,
  type PackageDefinition,
  type PackagedFile,
  type PackageFormat,
} from "./definition.ts";
import { obtainNfpm } from "./nfpm.ts";
import { type TarEntry, tarArchive } from "./tar.ts";

/** A package that lies on this machine. */
export type PackageFile = {
  readonly path: string;
  readonly fileName: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly format: PackageFormat;
  readonly architecture: Architecture;
  readonly version: string;
};

/** The time of everything in every package, so that the same sources make the same bytes. */
const MODIFIED_AT = new Date("2026-01-01T00:00:00Z");

/** Makes the package of a definition in `folder`. */
export async function pack(
  definition: PackageDefinition,
  format: PackageFormat,
  folder: string,
  say: Say,
): Promise<void> {
  const target = join(folder, fileNameOf(definition, format));
  if (format === "tar.gz") {
    await writeFile(target, await archive(definition));
    return;
  }
  const nfpm = await obtainNfpm(say);
  const scratch = join(folder, "contents");
  await mkdir(scratch);
  const configuration = join(folder, "nfpm.json");
  // JSON is YAML, which nfpm reads.
  await writeFile(configuration, JSON.stringify(await nfpmConfiguration(definition, format, scratch)));
  await runOrThrow({
    program: nfpm,
    args: ["package", "--config", configuration, "--packager", format, "--target", target],
    cwd: folder,
    env: { ...process.env, SOURCE_DATE_EPOCH: String(MODIFIED_AT.getTime() / 1_000) },
  });
  await rm(scratch, { recursive: true });
  await rm(configuration);
}

/** What is known of a package that `pack` made in `folder`. */
export async function describePackage(
  definition: PackageDefinition,
  format: PackageFormat,
  folder: string,
): Promise<PackageFile> {
  const fileName = fileNameOf(definition, format);
  const path = join(folder, fileName);
  const bytes = await readFile(path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const { architecture, version } = definition;
  return { path, fileName, sha256, sizeBytes: bytes.length, format, architecture, version };
}

async function nfpmConfiguration(definition: PackageDefinition, format: "deb" | "rpm", scratch: string) {
  let count = 0;
  const write = async (content: string | Uint8Array): Promise<string> => {
    count += 1;
    const path = join(scratch, String(count));
    await writeFile(path, content);
    return path;
  };
  const owner = { owner: "root", group: "root", mtime: MODIFIED_AT.toISOString() };
  const contents: object[] = definition.folders.map((path) => ({
    dst: path,
    type: "dir",
    file_info: { ...owner, mode: 0o755 },
  }));
  for (const { path, mode, content } of definition.files) {
    const copied = typeof content === "object" && "copyOf" in content;
    contents.push({
      src: copied ? content.copyOf : await write(content),
      dst: path,
      file_info: { ...owner, mode },
    });
  }
  const scripts: Record<string, string> = {};
  for (const [name, text] of Object.entries(definition.scripts[format])) scripts[name] = await write(text);
  return {
    name: definition.name,
    arch: definition.architecture,
    platform: "linux",
    version: definition.version,
    version_schema: "none",
    section: "admin",
    maintainer: "The pulumi-kace project <noreply@example.com>",
    description: definition.description,
    license: "Apache-2.0",
    contents,
    scripts,
    deb: { compression: definition.compressed === false ? "none" : "gzip" },
    rpm: {
      compression: definition.compressed === false ? "gzip:1" : "gzip",
      // Else the name of the machine that builds it stands in it.
      buildhost: "localhost",
      summary: definition.description.split("\n")[0],
    },
  };
}

async function archive(definition: PackageDefinition): Promise<Uint8Array> {
  // Only folders of the package's own: unpacking must not change the mode of one such as /opt.
  const entries: TarEntry[] = [...definition.folders]
    .sort()
    .map((path) => ({ path: `${path.slice(1)}/`, mode: 0o755, content: new Uint8Array() }));
  for (const { path, mode, content } of definition.files) {
    entries.push({ path: path.slice(1), mode, content: await bytesOf(content) });
  }
  return gzipSync(tarArchive(entries, MODIFIED_AT), { level: definition.compressed === false ? 0 : 9 });
}

async function bytesOf(content: PackagedFile["content"]): Promise<Uint8Array> {
  if (typeof content === "string") return Buffer.from(content);
  return content instanceof Uint8Array ? content : readFile(content.copyOf);
}
