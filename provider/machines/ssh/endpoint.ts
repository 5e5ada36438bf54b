import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import type { SshEndpoint } from "../credentials.ts";
import { MachineError } from "../machine.ts";
import { type LogIn, readLogIn } from "./authentication.ts";
import type { Dial } from "./dial.ts";
import { type HandshakeLimits, type OpenClient, openClient } from "./handshake.ts";
import type { Ssh2Library } from "./library.ts";

const GOODBYE_MS = 2_000;

const DEFAULT_LIMITS: HandshakeLimits = {
  connectTimeoutMs: 10_000,
  authTimeoutMs: 30_000,
  keepAlive: { intervalMs: 15_000, countMax: 3 },
};

/** What is said of the limits, and for the rest what is usual. */
export function limitsOf(said: Partial<HandshakeLimits>): HandshakeLimits {
  return {
    connectTimeoutMs: said.connectTimeoutMs ?? DEFAULT_LIMITS.connectTimeoutMs,
    authTimeoutMs: said.authTimeoutMs ?? DEFAULT_LIMITS.authTimeoutMs,
    keepAlive: said.keepAlive ?? DEFAULT_LIMITS.keepAlive,
  };
}

/**
 * Opens a connection to a host and logs in.
 * @throws MachineError as {@link openClient}, and whatever `dial` throws
 */
export async function openEndpoint(
  ssh2: Ssh2Library,
  endpoint: SshEndpoint,
  dial: Dial,
  limits: HandshakeLimits,
  signal: AbortSignal,
): Promise<OpenClient> {
  // Read first: a key that cannot be used is no reason to contact anybody.
  const logIn: LogIn = await readLogIn(endpoint.username, endpoint.credentials);
  const stream = await dialInTime(endpoint, dial, limits.connectTimeoutMs, signal);
  return openClient(ssh2, stream, endpoint, logIn, limits, signal);
}

/** Says goodbye; a peer that does not answer is left after a moment. */
export function endClient(client: Client): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      client.destroy();
      resolve();
    }, GOODBYE_MS);
    client.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
    client.end();
  });
}

async function dialInTime(endpoint: SshEndpoint, dial: Dial, timeoutMs: number, signal: AbortSignal): Promise<Duplex> {
  const tooLate = new MachineError({
    code: "connect-timeout",
    message: `port ${endpoint.port} did not answer`,
    hint: "a firewall that drops packets looks like this, and so does an address that is not in use",
    transient: true,
  });
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(tooLate), timeoutMs);
  try {
    return await dial(endpoint.address ?? endpoint.host, endpoint.port, AbortSignal.any([signal, limit.signal]));
  } finally {
    clearTimeout(timer);
  }
}
