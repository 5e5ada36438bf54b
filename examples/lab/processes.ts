import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { isCode } from "./error.ts";
import { MARK } from "./names.ts";
import { until } from "./wait.ts";

/** What the kernel says of a process that ended meanwhile, or is not for us to look at. */
const GONE = ["ENOENT", "ESRCH", "EACCES", "EPERM"] as const;

/** Starts a program that outlives this process, marked as the lab's, its output in a file. Gives its process id. */
export function startDetached(prefix: string, argv: readonly string[], logFile: string): Promise<number> {
  const [program = "", ...args] = argv;
  const log = openSync(logFile, "a");
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      detached: true,
      stdio: ["ignore", log, log],
      env: { PATH: process.env.PATH, SYSTEMD_NSPAWN_TMPFS_TMP: "0", [MARK]: prefix },
    });
    closeSync(log);
    child.on("error", reject);
    child.on("spawn", () => {
      child.unref();
      resolve(child.pid ?? 0);
    });
  });
}

/**
 * The processes of a lab: those that carry its mark, and all in its network namespaces. Dead ones that nobody has
 * waited for yet do not count.
 */
export async function processesOf(prefix: string, namespaces: readonly string[]): Promise<number[]> {
  const inodes = new Set<string>();
  for (const namespace of namespaces) {
    try {
      inodes.add(`net:[${(await stat(`/run/netns/${namespace}`)).ino}]`);
    } catch (error) {
      if (!isCode(error, "ENOENT")) throw error;
    }
  }
  const found: number[] = [];
  const own = await selfAndAncestors();
  for (const name of await readdir("/proc")) {
    const pid = Number(name);
    if (Number.isNaN(pid) || own.has(pid)) continue;
    try {
      const ours = inodes.has(await readlink(`/proc/${pid}/ns/net`)) || (await isMarked(pid, prefix));
      if (ours && !(await isDead(pid))) found.push(pid);
    } catch (error) {
      if (!isCode(error, ...GONE)) throw error;
    }
  }
  return found;
}

/** This process and those that started it: a shell that works with a lab carries its mark, and may take it down. */
async function selfAndAncestors(): Promise<ReadonlySet<number>> {
  const own = new Set<number>();
  for (let pid = process.pid; pid > 1 && !own.has(pid); ) {
    own.add(pid);
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    pid = Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
  }
  return own;
}

/** Kills all processes of a lab and waits until they are gone. */
export async function killAll(prefix: string, namespaces: readonly string[]): Promise<void> {
  let quiet = 0;
  await until(async () => {
    const pids = await processesOf(prefix, namespaces);
    pids.forEach(kill);
    quiet = pids.length === 0 ? quiet + 1 : 0;
    // A process shows no environment while it turns into another program, so one look may miss it.
    return quiet === 2;
  }, `the processes of lab ${prefix} to end`);
}

/** Kills one process, if it is still there. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!isCode(error, "ESRCH")) throw error;
  }
}

/** True while a process is there and not just waiting to be buried. */
export async function isAlive(pid: number): Promise<boolean> {
  return (await unlessGone(isDead(pid))) === false;
}

/** When a process started, in the kernel's own ticks: with its id it names one process for ever. */
export async function startOf(pid: number): Promise<string | undefined> {
  return (await unlessGone(statFields(pid)))?.[19];
}

/**
 * The first process of the host that this one runs: a descendant that is number 1 in a namespace of its own. A look
 * may miss it while the host starts, since what starts it hands it on to another parent and ends.
 */
export async function leaderBelow(pid: number): Promise<number | undefined> {
  for (const child of await childrenOf(pid)) {
    if (await isLeader(child)) return child;
    const below = await leaderBelow(child);
    if (below !== undefined) return below;
  }
  return undefined;
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await unlessGone(readFile(`/proc/${pid}/task/${pid}/children`, "utf8"));
  return (text ?? "")
    .split(" ")
    .filter((child) => child !== "")
    .map(Number);
}

async function isLeader(pid: number): Promise<boolean> {
  const status = await unlessGone(readFile(`/proc/${pid}/status`, "utf8"));
  const numbers = /^NSpid:\s+(.*)$/m.exec(status ?? "")?.[1]?.split(/\s+/) ?? [];
  return numbers.length > 1 && numbers.at(-1) === "1";
}

/** What is read of a process; undefined where the process has ended. */
async function unlessGone<Read>(reading: Promise<Read>): Promise<Read | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isCode(error, ...GONE)) return undefined;
    throw error;
  }
}

/** Whether something listens on a TCP port in the network namespace of a process. */
export async function listensOn(pid: number, port: number): Promise<boolean> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  try {
    const tables = await Promise.all(["tcp", "tcp6"].map((table) => readFile(`/proc/${pid}/net/${table}`, "utf8")));
    return tables
      .flatMap((table) => table.split("\n"))
      .some((line) => {
        const [, local = "", , state] = line.trim().split(/\s+/);
        return state === "0A" && local.endsWith(wanted);
      });
  } catch (error) {
    // A kernel without IPv6 has no tcp6; one that is just starting may have neither.
    if (isCode(error, ...GONE, "EINVAL")) return false;
    throw error;
  }
}

async function isMarked(pid: number, prefix: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, "utf8");
  return environment.split("\0").includes(`${MARK}=${prefix}`);
}

async function isDead(pid: number): Promise<boolean> {
  const state = (await statFields(pid))[0];
  return state === "Z" || state === "X";
}

/** The fields of /proc/<pid>/stat after the name, which may hold anything. */
async function statFields(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}
