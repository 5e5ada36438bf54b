import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { delimiter, dirname } from "node:path";
import { createInterface } from "node:readline";

/**
 * The address of an engine, which real plugins get too. Nothing listens there (the port is that of `discard`), and
 * nothing is sent either, since nothing is logged.
 */
const ENGINE_ADDRESS = "127.0.0.1:9";

/** A plugin that runs. */
export interface PluginProcess {
  readonly pid: number;
  readonly port: number;
  /** From the start of the process until its port could be read. */
  readonly startMs: number;
  /** Ends it, and waits until it has ended. */
  stop(): Promise<void>;
}

/**
 * Starts a program as the engine starts a plugin, with this Node on its PATH, and waits for its port.
 * @throws Error if it ends before, with what it wrote
 */
export async function startPlugin(
  [program, ...args]: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>> = {},
): Promise<PluginProcess> {
  const env = {
    HOME: process.env.HOME,
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    ...environment,
  };
  const begin = performance.now();
  const child = spawn(program, [...args, ENGINE_ADDRESS], { env, stdio: ["ignore", "pipe", "pipe"] });
  const { port, startMs } = await readPort(child, begin);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} runs and has no process id`);
  return {
    pid,
    port,
    startMs,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

function readPort(child: ChildProcess, begin: number): Promise<{ port: number; startMs: number }> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("the plugin's output is not read");
  return new Promise((resolve, reject) => {
    let errors = "";
    stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    createInterface(stdout).once("line", (line) => resolve({ port: Number(line), startMs: performance.now() - begin }));
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`the plugin ended before it printed a port: ${errors}`)));
  });
}

/** The memory that a process holds, in MB of a million bytes; `undefined` where the system does not say. */
export async function residentMegabytes(pid: number): Promise<number | undefined> {
  if (process.platform !== "linux") return undefined;
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const kilobytes = /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : (Number(kilobytes) * 1_024) / 1_000_000;
}

/** Linux counts processor time in these, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;

/** The processor time that a process has used, in milliseconds; `undefined` where the system does not say. */
export async function processorMs(pid: number): Promise<number | undefined> {
  if (process.platform !== "linux") return undefined;
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The name of the program comes second, in brackets, and may hold spaces; user and system time are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return (ticks * 1_000) / TICKS_PER_SECOND;
}
