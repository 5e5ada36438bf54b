import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import type { SweepFigures, SweepRequest } from "./sweeper.ts";

/** Runs our sweep in a process of its own; `before` is what the command line begins with. */
export async function sweepInProcess(request: SweepRequest, before: readonly string[] = []): Promise<SweepFigures> {
  const [command = "", ...args] = [
    ...before,
    process.execPath,
    join(import.meta.dirname, "sweeper.ts"),
    JSON.stringify(request),
  ];
  const { stdout } = await promisify(execFile)(command, args);
  return JSON.parse(stdout);
}

/** What listens, and how to end it. */
export interface Listener {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts what listens on all addresses. */
export async function startListener(port: number, before: readonly string[] = []): Promise<Listener> {
  const [command = "", ...args] = [...before, process.execPath, join(import.meta.dirname, "listener.ts"), String(port)];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  return { port: Number(String(line)), stop: () => ended(child) };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill();
  await exit;
}
