import { readdir, readFile } from "node:fs/promises";

/**
 * The process ids of the fixture plugins whose world is a folder. Read from `/proc`, where a process shows the
 * environment that it was started with.
 */
export async function pluginsOf(world: string): Promise<number[]> {
  const pids: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const command = await readFile(`/proc/${name}/cmdline`, "utf8");
      if (!command.includes("fixture")) continue;
      const environment = await readFile(`/proc/${name}/environ`, "utf8");
      if (environment.split("\0").includes(`FIXTURE_BACKEND=${world}`)) pids.push(Number(name));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return pids;
}

/** Ends what a failed test has left. */
export async function endPluginsOf(world: string): Promise<void> {
  for (const pid of await pluginsOf(world)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}

/** True for what reading or killing a process says that ended in the meantime, or that belongs to somebody else. */
function isGone(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && ["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(String(error.code))
  );
}
