import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AUTHORITY_CERTIFICATE_FILE } from "../../provider/appliance/certificates/authority.ts";
import { serveAppliance } from "../../provider/cli/serve.ts";

/** A server of a local appliance, within the process of the test. */
export interface Served {
  readonly port: number;
  /** PEM of the authority that its certificate is of. */
  readonly ca: string;
  /** Ends it, and throws what it ended with. */
  stop(): Promise<void>;
}

/** Serves the appliance in a folder as `kace serve` does, until it is stopped. @param where `port` 0: any that is free */
export async function served(
  folder: string,
  where: { readonly host: string; readonly name: string; readonly port?: number },
): Promise<Served> {
  const end = new AbortController();
  const listening = Promise.withResolvers<number>();
  const ended = serveAppliance({
    folder,
    port: 0,
    ...where,
    signal: end.signal,
    log: () => undefined,
    now: Date.now,
    onListening: ({ port }) => listening.resolve(port),
  });
  ended.catch(listening.reject);
  return {
    port: await listening.promise,
    ca: await readFile(join(folder, "certificates", AUTHORITY_CERTIFICATE_FILE), "utf8"),
    stop: async () => {
      end.abort();
      await ended;
    },
  };
}
