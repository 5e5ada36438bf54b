import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cacheFolder } from "../../tools/cache/folder.ts";
import { withLock } from "../../tools/cache/lock.ts";
import { obtainGo } from "../../tools/go/obtain.ts";
import { isExecutable } from "../../tools/process/path.ts";
import { runOrThrow } from "../../tools/process/run.ts";

const SOURCES = ["go.mod", "go.sum", "main.go"];

const BUILD = ["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"];

/**
 * Builds the bench provider's twin in Go, or takes what was built before from the same sources.
 *
 * @returns the folder of the plugin
 * @throws Error if there is no Go, or the build fails
 */
export async function buildTwin(progress: (text: string) => void): Promise<string> {
  const folder = join(import.meta.dirname, "twin");
  const hash = createHash("sha256").update(BUILD.join("\n"));
  for (const source of SOURCES) hash.update(await readFile(join(folder, source)));
  const plugin = join(cacheFolder(), "bench-twin", hash.digest("hex").slice(0, 16));
  const isBuilt = () => isExecutable(join(plugin, "pulumi-resource-bench"));
  if (isBuilt()) return plugin;
  await withLock(cacheFolder(), "bench-twin", progress, async () => {
    if (isBuilt()) return;
    const go = await obtainGo(progress);
    progress("building the twin in Go: several minutes, once");
    await mkdir(dirname(plugin), { recursive: true });
    const scratch = await mkdtemp(`${plugin}-`);
    try {
      const args = [...BUILD, "-o", join(scratch, "pulumi-resource-bench"), "."];
      await runOrThrow({ program: go.command, args, cwd: folder, env: go.env });
      await rename(scratch, plugin);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
  return plugin;
}
