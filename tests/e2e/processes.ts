import { readdir, readFile } from "node:fs/promises";

/** How providers are told their world. */
const WORLDS = ["FIXTURE_BACKEND", "KACE_DATABASE"];

/** The process ids of the fixture plugins whose world is a folder. */
export async function pluginsOf(world: string): Promise<number[]> {
  return processesOf(world, (commandLine) => commandLine.includes("tests/fixture/"));
}

/** Ends whatever was started for a world: what a failed test left, and Pulumi's own language hosts after a crash. */
export async function endProcessesOf(world: string): Promise<void> {
  for (const pid of await processesOf(world, () => true)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if (!isNone(error)) throw error;
    }
  }
}

/** Reads `/proc`, where a process shows the environment that it was started with. */
async function processesOf(world: string, isMeant: (commandLine: string) => boolean): Promise<number[]> {
  const pids: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (!isMeant(await readFile(`/proc/${name}/cmdline`, "utf8"))) continue;
      const environment = await readFile(`/proc/${name}/environ`, "utf8");
      if (WORLDS.some((variable) => environment.split("\0").includes(`${variable}=${world}`))) pids.push(Number(name));
    } catch (error) {
      if (!isNone(error)) throw error;
    }
  }
  return pids;
}

/** True for what is said of a process that ended in the meantime, or that belongs to somebody else. */
function isNone(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && ["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(String(error.code))
  );
}
