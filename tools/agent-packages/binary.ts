import { join } from "node:path";
import { obtainGo } from "../go/obtain.ts";
import { runOrThrow } from "../process/run.ts";
import type { Say } from "../process/say.ts";
import { cachedFolder } from "./cached-folder.ts";
import type { Architecture } from "./definition.ts";
import { digestOf, digestOfFolder } from "./digest.ts";

/** A Go program to build: the folder of its module, and the executable's name. */
export type GoProgram = { readonly module: string; readonly name: string };

/**
 * A static Linux executable of a Go program that knows its version (`main.version`). Equal sources, version and Go make
 * equal bytes. Another version of the same sources is only linked again, which takes a second or two.
 * @param options.cache the folder to keep it in
 * @returns the path of the executable
 * @throws Error when Go cannot be had or the build fails
 */
export async function goBinary(
  program: GoProgram,
  options: { readonly version: string; readonly architecture: Architecture; readonly cache: string },
  say: Say,
): Promise<string> {
  const { version, architecture } = options;
  const go = await obtainGo(say);
  const sources = await digestOfFolder(
    program.module,
    // Units are embedded.
    (path) => /(\.(go|service)|^go\.(mod|sum))$/.test(path) && !path.endsWith("_test.go"),
  );
  const digest = digestOf(sources, go.version, version, architecture);
  const path = join(options.cache, `${program.name}-${digest}`);
  const folder = await cachedFolder(path, say, async (scratch) => {
    say(`building ${program.name} ${version} for ${architecture}`);
    const flags = `-s -w -X main.version=${version}`;
    await runOrThrow({
      program: go.command,
      args: ["build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", join(scratch, program.name), "."],
      cwd: program.module,
      env: { ...go.env, GOOS: "linux", GOARCH: architecture },
    });
  });
  return join(folder, program.name);
}
