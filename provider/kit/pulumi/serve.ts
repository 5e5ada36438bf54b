import { isBuiltin } from "node:module";
import * as grpc from "@grpc/grpc-js";
import type { Provider } from "../define/provider.ts";
import { readArguments } from "./argv.ts";
import type { WireComponent } from "./component.ts";
import { watchParent } from "./life.ts";
import { whyNotThisNode } from "./node-version.ts";
import { makeServer } from "./server.ts";
import { Session, type SessionOptions } from "./session.ts";

/** How long a plugin whose engine is gone may take to end what it does. */
const ORPHAN_GRACE_MS = 10_000;

/** What a plugin may be told beside what its session is. */
export interface ServeOptions extends SessionOptions {
  /** Built-in modules that the provider uses and that some Nodes lack. */
  readonly builtins?: readonly string[];
}

/**
 * Serves a provider as a plugin of the Pulumi engine: prints the port it listens on, and lives as long as the process
 * that started it. Nothing but the port is ever written to standard output.
 *
 * @example await serve(provider);
 */
export async function serve<Client>(
  provider: Provider<Client, WireComponent>,
  options: ServeOptions = {},
): Promise<void> {
  const { name, displayName, version } = provider.info;
  const obstacle = whyNotThisNode(process.versions.node, isBuiltin, options.builtins ?? []);
  if (obstacle !== undefined) {
    process.stderr.write(`${obstacle}\n`);
    process.exitCode = 1;
    return;
  }
  const invocation = readArguments(process.argv.slice(2), process.stdout.isTTY === true);
  if (invocation.kind === "person") {
    process.stderr.write(
      `This is the ${displayName} plugin (${version}) for Pulumi: \`pulumi up\` starts it by itself; to debug it, start it with --attach.\n`,
    );
    process.exitCode = 2;
    return;
  }
  const session = new Session(provider, options);
  process.on("uncaughtException", (error) => session.reportStray(error));
  process.on("unhandledRejection", (error) => session.reportStray(error));
  if (invocation.kind === "engine") session.connect(invocation.engineAddress);

  const server = makeServer(session);
  const port = await listen(server);
  const end = onceOnly(async (reason: string, graceMs: number) => {
    session.calls.cancelAll(reason);
    await Promise.race([session.calls.idle(), wait(graceMs)]);
    await session.engineLog.flush();
    process.exit(0);
  });
  // The engine sends SIGINT to the whole process group; a handler in the middle of its work gets to finish it.
  process.on("SIGINT", () => end("the deployment was interrupted", ORPHAN_GRACE_MS));
  process.on("SIGTERM", () => end("the plugin was told to stop", ORPHAN_GRACE_MS));
  if (invocation.kind === "attach") {
    process.stderr.write(`Waiting for an engine. Run: PULUMI_DEBUG_PROVIDERS=${name}:${port} pulumi up\n`);
  } else {
    watchParent(() => end("the engine is gone", ORPHAN_GRACE_MS));
  }
  process.stdout.on("error", () => {
    // The reader of the port is gone: the watch of the parent ends us.
  });
  process.stdout.write(`${port}\n`);
}

function listen(server: grpc.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

function onceOnly(
  action: (reason: string, graceMs: number) => Promise<void>,
): (reason: string, graceMs: number) => void {
  let begun = false;
  return (reason, graceMs) => {
    if (begun) return;
    begun = true;
    void action(reason, graceMs);
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
