import { onTestFinished } from "vitest";
import { type Served, served } from "../appliance/served.ts";

/** A server of a local appliance, on loopback. */
export interface Serving extends Served {
  readonly endpoint: string;
}

/** Serves the appliance in a folder until the test has finished, as `kace serve --name localhost` does. */
export async function serving(folder: string, port = 0): Promise<Serving> {
  const server = await served(folder, { host: "127.0.0.1", name: "localhost", port });
  onTestFinished(server.stop);
  return { ...server, endpoint: `https://localhost:${server.port}` };
}
