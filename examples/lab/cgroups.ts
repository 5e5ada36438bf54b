import { existsSync } from "node:fs";
import { readdir, readFile, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { isCode } from "./error.ts";
import { kill } from "./processes.ts";
import { until } from "./wait.ts";

/** The hierarchies in which a host with systemd has a cgroup: two on older set-ups, one on those of cgroup v2 alone. */
const HIERARCHIES = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"] as const;

/** The cgroups whose names begin so. */
export async function cgroupsOf(hostPrefix: string): Promise<string[]> {
  const found: string[] = [];
  for (const hierarchy of HIERARCHIES) {
    if (!existsSync(join(hierarchy, "cgroup.procs"))) continue;
    for (const entry of await readdir(hierarchy)) {
      if (entry.startsWith(hostPrefix)) found.push(join(hierarchy, entry));
    }
  }
  return found;
}

/** Kills what is left in a cgroup and removes it with all below it. */
export async function removeCgroup(path: string): Promise<void> {
  await until(async () => {
    try {
      await empty(path);
      return true;
    } catch (error) {
      // A process that was just killed holds its cgroup a moment longer.
      if (isCode(error, "EBUSY", "ENOTEMPTY", "ENODEV")) return false;
      if (isCode(error, "ENOENT")) return true;
      throw error;
    }
  }, `${path} to become empty`);
}

async function empty(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await empty(join(path, entry.name));
  }
  const pids = await readFile(join(path, "cgroup.procs"), "utf8");
  for (const pid of pids.split("\n").filter((line) => line !== "")) kill(Number(pid));
  await rmdir(path);
}
