import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { execute, succeed } from "./command.ts";
import { LabError } from "./error.ts";
import { withLock } from "./lock.ts";
import { unmountBelow } from "./mounts.ts";
import { scripts } from "./scripts.ts";
import type { HostSpec } from "./spec.ts";

const PACKAGES = ["systemd-sysv", "dbus", "openssh-server", "sudo", "iproute2", "procps", "rpm", "ca-certificates"];
const UNFINISHED = "lab-base-new-";
const BUILD_LIMIT_MS = 1_800_000;

/** The read-only folders that hosts are made of. */
export interface Base {
  readonly folder: string;
}

/** The lower layers of a host's overlay, the uppermost first. */
export function layersOf(base: Base, host: HostSpec): readonly string[] {
  return [join(base.folder, host.family ?? "debian"), join(base.folder, "root")];
}

/**
 * The base of all hosts, from the cache, or made by debootstrap from the mirror that this machine's apt uses: about a
 * minute and 300 MB, once. Processes that want it at the same time wait for the one that makes it.
 * @throws LabError where apt knows no mirror, or debootstrap fails
 */
export async function obtainBase(say: (line: string) => void): Promise<Base> {
  const recipe = await recipeHere();
  const digest = createHash("sha256")
    .update(JSON.stringify([recipe.suite, recipe.architecture, PACKAGES, scripts.base]))
    .digest("hex")
    .slice(0, 16);
  const cache = cacheFolder();
  const folder = join(cache, `lab-base-${digest}`);
  if (existsSync(folder)) return { folder };
  return withLock(cache, "lab-base", async () => {
    if (existsSync(folder)) return { folder };
    say(`making the base of the lab's hosts with debootstrap (${recipe.suite}; about a minute, once)`);
    // Nobody else is at it: what is there was left by one that was killed, perhaps with its proc still mounted.
    for (const entry of await readdir(cache)) {
      if (entry.startsWith(UNFINISHED)) await remove(join(cache, entry));
    }
    const scratch = await mkdtemp(join(cache, UNFINISHED));
    try {
      await chmod(scratch, 0o755);
      await build(scratch, recipe);
      await rename(scratch, folder);
    } catch (error) {
      await remove(scratch);
      throw error;
    }
    return { folder };
  });
}

async function remove(folder: string): Promise<void> {
  await unmountBelow(folder);
  await rm(folder, { recursive: true, force: true });
}

interface Recipe {
  readonly suite: string;
  readonly architecture: string;
  readonly mirror: string;
  readonly components: readonly string[];
  readonly proxy: string | undefined;
}

async function build(folder: string, recipe: Recipe): Promise<void> {
  const root = join(folder, "root");
  await mkdir(root);
  const env = recipe.proxy === undefined ? process.env : { ...process.env, http_proxy: recipe.proxy };
  await succeed(
    [
      "debootstrap",
      "--variant=minbase",
      `--include=${PACKAGES.join(",")}`,
      `--components=${recipe.components.join(",")}`,
      recipe.suite,
      root,
      recipe.mirror,
    ],
    { env, timeoutMs: BUILD_LIMIT_MS },
  );
  await succeed(["sh", "-c", scripts.base, "base", folder], { timeoutMs: BUILD_LIMIT_MS });
}

/** The distribution that runs here, from the place that apt gets it from. */
async function recipeHere(): Promise<Recipe> {
  const suite = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(await readFile("/etc/os-release", "utf8"))?.[1];
  if (suite === undefined)
    throw new LabError("/etc/os-release names no VERSION_CODENAME: the lab needs Debian or Ubuntu");
  const architecture = (await succeed(["dpkg", "--print-architecture"])).trim();
  const format = "$(REPO_URI) $(CODENAME) $(COMPONENT)";
  const lines = (await succeed(["apt-get", "indextargets", "--format", format, "Created-By: Packages"]))
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, codename, component]) => codename === suite && (component === "main" || component === "universe"));
  const mirror = lines.find(([, , component]) => component === "main")?.[0];
  if (mirror === undefined) {
    throw new LabError(`apt knows no source of ${suite} main: run apt-get update, or add it to the apt sources`);
  }
  const components = lines.filter(([uri]) => uri === mirror).map(([, , component]) => component ?? "");
  const { stdout } = await execute(["apt-config", "shell", "PROXY", "Acquire::http::Proxy"]);
  const proxy = /^PROXY='(.+)'$/m.exec(stdout)?.[1];
  return { suite, architecture, mirror, components: [...new Set(components)], proxy };
}

/** The user's own cache, where the other expensive things of this product are too. */
function cacheFolder(): string {
  const wish = process.env.XDG_CACHE_HOME;
  return join(wish === undefined || wish === "" ? join(homedir(), ".cache") : wish, "pulumi-kace");
}
