import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { openLocal } from "../../../provider/appliance/local/local.ts";
import { bundle, PROGRAMS } from "../../../tools/build/bundle.ts";
import { residentMegabytes } from "../plugin-process.ts";

/** A server in a process of its own. */
export interface ServerProcess {
  readonly port: number;
  readonly pid: number;
  /** In MB of a million bytes. */
  readonly memory: () => Promise<number>;
  stop(): Promise<void>;
}

/** `kace serve`, and what is in its appliance. */
export interface ServedAppliance extends ServerProcess {
  readonly folder: string;
  /** The value of a token that admits every agent. */
  readonly token: string;
}

/** Both programs as they are shipped: bundled in the same way. */
export interface Programs {
  readonly kace: string;
  readonly bare: string;
}

/** Bundles `kace` and the yardstick. */
export async function bundlePrograms(folder: string): Promise<Programs> {
  const place = join(folder, "programs");
  await bundle(place, join(import.meta.dirname, "bare-web-socket.ts"));
  return { kace: join(place, "kace"), bare: join(place, PROGRAMS, "provider.mjs") };
}

/** Starts `kace serve` on an appliance in this folder, which is made where there is none. */
export async function serveAppliance({ kace }: Programs, folder: string, nodeOptions = ""): Promise<ServedAppliance> {
  const appliance = await openLocal({ folder, who: "bench" });
  const { value } = await appliance.createToken({ name: "bench", urn: "bench" });
  await appliance.close();
  const port = await freePort();
  const args = ["--database", folder, "serve", "--host", "127.0.0.1", "--name", "localhost", "--port", String(port)];
  const child = start(kace, args, { NODE_OPTIONS: nodeOptions });
  await lineOf(child, /https:\/\/localhost:(\d+)/);
  return { ...processOf(child, port), folder, token: value };
}

/** Starts the yardstick, with the certificate of an appliance. */
export async function serveBare({ bare }: Programs, folder: string): Promise<ServerProcess> {
  const child = start(process.execPath, [bare, join(folder, "certificates", "server.pem")], {});
  return processOf(child, await lineOf(child, /^(\d+)$/));
}

/** One that nobody has now. Nothing of a bench runs beside it that would take it meanwhile. */
async function freePort(): Promise<number> {
  const server = createServer().listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server has no port");
  return address.port;
}

function start(program: string, args: readonly string[], more: NodeJS.ProcessEnv): ChildProcess {
  const env = {
    HOME: process.env.HOME,
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    ...more,
  };
  return spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
}

/** The number in the first line that has it, on either stream; the rest is read and dropped. */
function lineOf(child: ChildProcess, pattern: RegExp): Promise<number> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("the server's output is not read");
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    for (const stream of [stdout, stderr]) {
      createInterface(stream).on("line", (line) => {
        const number = pattern.exec(line)?.[1];
        if (number !== undefined) resolve(Number(number));
        else if (said.length < 50) said.push(line);
      });
    }
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`the server ended before it listened: ${said.join("\n")}`)));
  });
}

function processOf(child: ChildProcess, port: number): ServerProcess {
  const { pid } = child;
  if (pid === undefined) throw new Error("the server runs and has no process id");
  return {
    port,
    pid,
    memory: async () => {
      const megabytes = await residentMegabytes(pid);
      if (megabytes === undefined) throw new Error("memory is read from /proc");
      return megabytes;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}
