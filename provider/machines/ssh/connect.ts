import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import type { SshEndpoint } from "../credentials.ts";
import { type Become, type Machine, MachineError } from "../machine.ts";
import { type LogIn, readLogIn } from "./authentication.ts";
import { type Dial, dialTcp, dialThrough } from "./dial.ts";
import { type HandshakeLimits, type OpenClient, openClient } from "./handshake.ts";
import { loadSsh2, type Ssh2Library } from "./library.ts";
import { cancelledError, SshMachine } from "./machine.ts";

export interface SshOptions extends SshEndpoint {
  /** Hosts to go through, the first of them first; each with a log-in and host keys of its own. Default none. */
  readonly jumpHosts?: readonly SshEndpoint[];
  /** How scripts that ask for it become root. Default: not at all. */
  readonly become?: Become;
  /** From the first packet to the server's first words, for each host on the way. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** From there to being logged in, for each host on the way. Default 30 s. */
  readonly authTimeoutMs?: number;
  /** How long a script may take that does not say so itself. Default 5 min. */
  readonly commandTimeoutMs?: number;
  /** How often a silent peer is asked whether it is there, and after how many unanswered questions it is not. */
  readonly keepAlive?: { readonly intervalMs: number; readonly countMax: number };
  /** How much of each of a script's two outputs is kept. Default 1 MiB. */
  readonly outputLimitBytes?: number;
  /** Gives up connecting. Scripts have signals of their own. */
  readonly signal?: AbortSignal | undefined;
  /** Opens the connection to the first host. Default: TCP. */
  readonly dial?: Dial;
}

const DEFAULT_LIMITS: HandshakeLimits = {
  connectTimeoutMs: 10_000,
  authTimeoutMs: 30_000,
  keepAlive: { intervalMs: 15_000, countMax: 3 },
};
const GOODBYE_MS = 2_000;
const DEFAULT_COMMAND_TIMEOUT_MS = 300_000;
const DEFAULT_OUTPUT_LIMIT_BYTES = 1024 * 1024;

/**
 * Connects to a machine by SSH and logs in. The connection is one TCP connection (and one to the first jump host), used
 * for all scripts; close it with `machine.close()`.
 *
 * @throws MachineError `dns-failed`, `port-closed`, `connect-timeout`, `host-key-changed`, `host-key-unknown`,
 *   `auth-failed`, `cancelled`, and `lost` where the connection was closed before the log-in
 * @example
 * const machine = await connectSsh({ host: "web01", port: 22, username: "root", credentials: { privateKey },
 *   hostKeys: { mode: "strict", knownHosts } });
 * const { stdout } = await machine.runScript({ script: "uname -s" });
 */
export async function connectSsh(options: SshOptions): Promise<Machine> {
  const signal = options.signal ?? new AbortController().signal;
  const limits: HandshakeLimits = {
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULT_LIMITS.connectTimeoutMs,
    authTimeoutMs: options.authTimeoutMs ?? DEFAULT_LIMITS.authTimeoutMs,
    keepAlive: options.keepAlive ?? DEFAULT_LIMITS.keepAlive,
  };
  const jumpHosts = options.jumpHosts ?? [];
  const ssh2 = await loadSsh2();
  const open = new Set<Client>();
  const keep = (client: Client) => {
    open.add(client);
    client.once("close", () => open.delete(client));
  };
  // The last first: each runs through the one before it.
  const end = async () => {
    for (const client of [...open].toReversed()) await endClient(client);
  };

  try {
    let dial = options.dial ?? dialTcp;
    for (const jump of jumpHosts) {
      const name = `the jump host ${jump.host}`;
      const { client } = await openEndpoint(ssh2, jump, dial, limits, signal).catch((error: unknown) => {
        throw atJumpHost(error, name);
      });
      keep(client);
      dial = dialThrough(client, name);
    }
    const { client, transport, hostKey } = await openEndpoint(ssh2, options, dial, limits, signal);
    keep(client);
    return new SshMachine({
      client,
      transport,
      address: `${options.host.includes(":") ? `[${options.host}]` : options.host}:${options.port}`,
      username: options.username,
      hostKey,
      become: options.become ?? { method: "none" },
      commandTimeoutMs: options.commandTimeoutMs ?? DEFAULT_COMMAND_TIMEOUT_MS,
      outputLimitBytes: options.outputLimitBytes ?? DEFAULT_OUTPUT_LIMIT_BYTES,
      end,
    });
  } catch (error) {
    await end();
    throw signal.aborted ? cancelledError(signal.reason) : error;
  }
}

/** Says goodbye; a peer that does not answer is left after a moment. */
function endClient(client: Client): Promise<void> {
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

async function openEndpoint(
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

function atJumpHost(error: unknown, name: string): unknown {
  if (!(error instanceof MachineError)) return error;
  return new MachineError({
    code: error.code,
    message: `${name}: ${error.message}`,
    hint: error.hint,
    transient: error.transient,
    cause: error,
  });
}
