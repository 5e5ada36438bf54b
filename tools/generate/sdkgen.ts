import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../cache/folder.ts";
import { withLock } from "../cache/lock.ts";
import { obtainGo } from "../go/obtain.ts";
import { isExecutable } from "../process/path.ts";
import { runOrThrow } from "../process/run.ts";
import { type Say, withHeartbeat } from "../process/say.ts";

const SOURCES = join(import.meta.dirname, "..", "sdkgen");

/**
 * The SDK generator of `tools/sdkgen`, built once for each state of its sources and kept in the cache folder.
 * @throws Error when Go cannot be had or the build fails.
 */
export async function obtainSdkgen(say: Say): Promise<string> {
  const folder = join(cacheFolder(), "sdkgen", await hashOfSources());
  const command = join(folder, "sdkgen");
  if (isExecutable(command)) return command;
  return withLock(join(cacheFolder(), "sdkgen"), "build", say, async () => {
    if (isExecutable(command)) return command;
    const go = await obtainGo(say);
    const started = Date.now();
    say(`building the SDK generator with Go ${go.version}: up to 5 minutes on a new machine, then seconds`);
    const scratch = await mkdtemp(join(cacheFolder(), "sdkgen", "making-"));
    try {
      const args = ["build", "-trimpath", "-o", join(scratch, "sdkgen"), "."];
      const state = () => `still building the SDK generator (${Math.round((Date.now() - started) / 1_000)} s so far)`;
      await withHeartbeat(say, 15_000, state, runOrThrow({ program: go.command, args, cwd: SOURCES, env: go.env }));
      await mkdir(folder, { recursive: true });
      await rename(join(scratch, "sdkgen"), command);
      return command;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
}

async function hashOfSources(): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(SOURCES, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) hash.update(`${file.slice(SOURCES.length)}\0`).update(await readFile(file));
  return hash.digest("hex").slice(0, 16);
}
