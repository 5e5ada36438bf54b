import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../cache/folder.ts";
import { obtainGo } from "../go/obtain.ts";
import { runOrThrow } from "../process/run.ts";
import type { Say } from "../process/say.ts";
import { cachedFolder } from "./cached-folder.ts";
import { digestOf } from "./digest.ts";

/**
 * nfpm, which writes .deb and .rpm without dpkg and rpmbuild. Built once from the Go module that `go.mod` beside this
 * file pins (about a minute), then taken from the cache folder.
 * @returns the path of the executable
 * @throws Error when Go cannot be had or the build fails
 */
export async function obtainNfpm(say: Say): Promise<string> {
  const go = await obtainGo(say);
  const sums = await readFile(join(import.meta.dirname, "go.sum"));
  const path = join(cacheFolder(), "agent-packages", `nfpm-${digestOf(sums, go.version)}`);
  const folder = await cachedFolder(path, say, async (scratch) => {
    say("building nfpm, which packs the agent: about a minute, once on this machine");
    const args = ["build", "-trimpath", "-ldflags", "-s -w", "-o", join(scratch, "nfpm")];
    await runOrThrow({
      program: go.command,
      args: [...args, "github.com/goreleaser/nfpm/v2/cmd/nfpm"],
      cwd: import.meta.dirname,
      env: go.env,
    });
  });
  return join(folder, "nfpm");
}
