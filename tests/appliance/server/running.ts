import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Appliance } from "../../../provider/appliance/appliance.ts";
import { ownCertificate } from "../../../provider/appliance/certificates/own.ts";
import { openLocal } from "../../../provider/appliance/local/local.ts";
import { thisProcess } from "../../../provider/appliance/local/process-identity.ts";
import { type RunningServer, type ServerOptions, startServer } from "../../../provider/appliance/server/server.ts";
import { successionTerms } from "../../../provider/appliance/server/succession-terms.ts";

/** A server of a fresh store, on a free port of loopback. */
export interface TestServer {
  readonly folder: string;
  readonly server: RunningServer;
  readonly appliance: Awaited<ReturnType<typeof openLocal>>;
  readonly port: number;
  /** PEM of its authority. */
  readonly ca: string;
  readonly endpoint: string;
  /** What it logged. */
  readonly lines: readonly string[];
  /** The value of a new API token. */
  apiToken(name?: string): Promise<string>;
  /** Ends it and removes its store. */
  remove(): Promise<void>;
}

/** @param changed makes of the store what the server gets: one with a fault, for one */
export async function startTestServer(
  {
    loadAverage,
    certificates,
    renewsAuthority = false,
    ...options
  }: Partial<ServerOptions> & {
    readonly loadAverage?: () => number;
    /** Puts certificates into their folder before the server looks there. */
    readonly certificates?: (folder: string) => Promise<unknown>;
    /** It renews its authority when it is asked to, or the time has come. Default: not, since clients know the first one. */
    readonly renewsAuthority?: boolean;
  } = {},
  changed: (appliance: Appliance) => Appliance = (appliance) => appliance,
): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), "kace-server-"));
  const now = options.now ?? Date.now;
  await certificates?.(join(folder, "certificates"));
  const appliance = await openLocal({
    folder,
    who: "kace serve",
    now,
    ...(loadAverage !== undefined && { loadAverage }),
  });
  const lines: string[] = [];
  const server = await startServer({
    appliance: changed(appliance),
    actingAs: (caller) => appliance.actingAs(caller),
    host: "127.0.0.1",
    port: 0,
    name: "localhost",
    certificate: async () =>
      ownCertificate({
        folder: join(folder, "certificates"),
        names: ["localhost", "127.0.0.1"],
        now: now(),
        ...(renewsAuthority && { terms: await successionTerms(appliance, { log: (line) => lines.push(line) }) }),
      }),
    process: thisProcess(),
    now,
    monotonicMs: () => performance.now(),
    log: (line) => lines.push(line),
    ...options,
  });
  return {
    folder,
    server,
    appliance,
    port: server.port,
    ca: server.identity().authority ?? "",
    endpoint: `https://localhost:${server.port}`,
    lines,
    async apiToken(name = "test") {
      return (await appliance.createApiToken({ name, role: "admin" })).value;
    },
    async remove() {
      await server.stop();
      await appliance.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const LOCAL = fileURLToPath(new URL("../../../provider/appliance/local/local.ts", import.meta.url));

/** Calls an operation of a store from another process, as `kace quarantine approve` would. */
export async function inOtherProcess(folder: string, operation: string, input: unknown): Promise<unknown> {
  const program = `const { openLocal } = await import(${JSON.stringify(LOCAL)});
    const appliance = await openLocal({ folder: process.argv[1], who: "another process" });
    console.log(JSON.stringify(await appliance[process.argv[2]](JSON.parse(process.argv[3]))));
    await appliance.close();`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--input-type=module",
    "-e",
    program,
    folder,
    operation,
    JSON.stringify(input),
  ]);
  return JSON.parse(stdout);
}

/** Looks again and again until something is so: what is awaited depends on other processes or sockets. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`it never came about: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
