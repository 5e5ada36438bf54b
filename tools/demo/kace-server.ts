import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const KACE = join(import.meta.dirname, "..", "..", "bin", "kace");
const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 50;

export interface ServeOptions {
  /** The data folder of the appliance. */
  readonly database: string;
  /** The name that agents are told. */
  readonly name: string;
  /** The address to listen at. */
  readonly host: string;
  readonly port: number;
  /** Gets what the server says; it is appended to. */
  readonly logFile: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** A `kace serve` that runs beside this process, and goes on when this process ends. */
export interface KaceServer {
  readonly pid: number;
  /** Ends it as a service manager would, and waits until it is gone; killed where it does not end. */
  stop(): Promise<void>;
}

/**
 * Starts `kace serve` and waits until it serves.
 * @throws Error with what it said, where it ends instead
 */
export async function startKaceServer(options: ServeOptions): Promise<KaceServer> {
  const { database, name, host, port, logFile, environment } = options;
  const args = ["--database", database, "serve", "--name", name, "--host", host, "--port", String(port)];
  const log = openSync(logFile, "a");
  const before = (await readFile(logFile, "utf8")).length;
  const child = spawn(KACE, args, { detached: true, stdio: ["ignore", log, log], env: environment });
  closeSync(log);
  const ended = once(child, "exit");
  ended.catch(() => undefined); // that it could not be started is seen below: it has no pid
  const { pid } = child;
  const said = async (): Promise<string> => (await readFile(logFile, "utf8")).slice(before);
  for (const deadline = performance.now() + START_LIMIT_MS; ; await pause(LOOK_EVERY_MS)) {
    if (pid === undefined || child.exitCode !== null || child.signalCode !== null)
      throw new Error(`kace serve ended at once:\n${await said()}`);
    if (/^serving agents and clients at /m.test(await said())) break;
    if (performance.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`kace serve did not start to serve:\n${await said()}`);
    }
  }
  child.unref();
  return {
    pid,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
      child.kill("SIGTERM");
      await ended;
      clearTimeout(timer);
    },
  };
}
