import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { serveAppliance } from "../../provider/cli/serve.ts";

/** A server of a local appliance, on loopback. */
export interface Serving {
  readonly port: number;
  readonly endpoint: string;
  /** PEM of the authority that its certificate is of. */
  readonly ca: string;
  stop(): Promise<void>;
}

/** Serves the appliance in a folder until the test has finished, as `kace serve --name localhost` does. */
export async function serving(folder: string, port = 0): Promise<Serving> {
  const end = new AbortController();
  const lines: string[] = [];
  const started = Promise.withResolvers<number>();
  const ended = serveAppliance({
    folder,
    host: "127.0.0.1",
    port,
    name: "localhost",
    signal: end.signal,
    log: (line) => lines.push(line),
    now: Date.now,
    onListening: (at) => started.resolve(at.port),
  });
  ended.catch(started.reject);
  const stop = async () => {
    end.abort();
    await ended;
  };
  onTestFinished(stop);
  const listening = await started.promise;
  return {
    port: listening,
    endpoint: `https://localhost:${listening}`,
    ca: await readFile(join(folder, "certificates", "ca.pem"), "utf8"),
    stop,
  };
}
