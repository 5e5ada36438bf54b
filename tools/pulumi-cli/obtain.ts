import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cacheFolder } from "../cache/folder.ts";
import { withLock } from "../cache/lock.ts";
import { findOnPath, isExecutable } from "../process/path.ts";
import { run } from "../process/run.ts";
import { type Say, sayOnStderr } from "../process/say.ts";
import { isAtLeast, versionIn, versionText } from "../process/version.ts";
import { buildPulumi } from "./build.ts";
import { downloadPulumi } from "./launch.ts";
import { MINIMUM_PULUMI, PULUMI_VERSION } from "./versions.ts";

const VERSION_ANSWER_MS = 20_000;
const YAML_HOST = "pulumi-language-yaml";

/** A real Pulumi CLI with a YAML language host. */
export type Pulumi = {
  /** Absolute path of the executable. */
  readonly command: string;
  /** `3.259.0` */
  readonly version: string;
  readonly origin: "path" | "cache" | "launcher" | "built";
  /** A `PULUMI_HOME` in the cache folder whose `versions/<version>/bin` holds the CLIs that were fetched or built. */
  readonly home: string;
};

/**
 * The real Pulumi CLI: one on the `PATH` that is new enough and can run YAML programs; else one that was fetched or
 * built before; else what the official launcher downloads; else one built from its Go modules (about 5 minutes, once).
 * Safe to call from several processes at once: one of them works, the others wait.
 *
 * @throws Error when none of these works; the message is that of the last way tried.
 * @example const pulumi = await obtainPulumi(); await run({ program: pulumi.command, args: ["version"] });
 */
export async function obtainPulumi(
  options: { readonly say?: Say; readonly environment?: NodeJS.ProcessEnv } = {},
): Promise<Pulumi> {
  const say = options.say ?? sayOnStderr;
  const environment = options.environment ?? process.env;
  const home = join(cacheFolder(environment), "pulumi");

  const installed = await pulumiOnPath(environment, say);
  if (installed !== undefined) return { ...installed, origin: "path", home };

  const folder = join(home, "versions", PULUMI_VERSION, "bin");
  const command = join(folder, "pulumi");
  const cached = (): boolean => isExecutable(command) && isExecutable(join(folder, YAML_HOST));
  const here = (origin: Pulumi["origin"]): Pulumi => ({ command, version: PULUMI_VERSION, origin, home });
  if (cached()) return here("cache");

  return withLock(home, "obtain", say, async () => {
    if (cached()) return here("cache");
    // Both ways make the whole folder elsewhere and rename it, so a half-made CLI is never found here.
    const scratch = await mkdtemp(join(home, "making-"));
    try {
      await rm(folder, { recursive: true, force: true });
      await mkdir(dirname(folder), { recursive: true });
      if ((await downloadPulumi(folder, join(scratch, "launcher"), say)) && cached()) return here("launcher");
      say("no Pulumi CLI on the PATH and its vendor does not answer");
      const built = join(scratch, "bin");
      await buildPulumi(built, say);
      await rename(built, folder);
      return here("built");
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
}

async function pulumiOnPath(
  environment: NodeJS.ProcessEnv,
  say: Say,
): Promise<{ readonly command: string; readonly version: string } | undefined> {
  const command = findOnPath("pulumi", environment);
  if (command === undefined) return undefined;
  const env = { ...environment, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const answer = await run({ program: command, args: ["version"], env, timeoutMs: VERSION_ANSWER_MS });
  const version = answer.exitCode === 0 ? versionIn(answer.stdout) : undefined;
  if (version === undefined || !isAtLeast(version, MINIMUM_PULUMI)) {
    const found = version === undefined ? "does not say its version" : `is ${versionText(version)}`;
    say(`${command} ${found}; at least ${versionText(MINIMUM_PULUMI)} is needed, so another one is used`);
    return undefined;
  }
  if (!isExecutable(join(dirname(command), YAML_HOST)) && findOnPath(YAML_HOST, environment) === undefined) {
    say(`${command} has no ${YAML_HOST} beside it, so another one is used`);
    return undefined;
  }
  return { command, version: versionText(version) };
}
