import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PackageFile } from "../agent-packages/build.ts";

/**
 * Lays packages out as an `AgentBundle` takes a folder: the files under their own names, and a `SHA256SUMS` as
 * `sha256sum` writes it, which names what is to be loaded.
 *
 * @example await writePackageFolder("./packages", await agentPackages({ version: "1.4.2" }));
 */
export async function writePackageFolder(folder: string, packages: readonly PackageFile[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { path, fileName } of packages) await copyFile(path, join(folder, fileName));
  const lines = packages.map(({ sha256, fileName }) => `${sha256}  ${fileName}\n`);
  await writeFile(join(folder, "SHA256SUMS"), lines.join(""));
}
