import type { SshEndpoint } from "../credentials.ts";
import type { Become, Machine } from "../machine.ts";
import { type Dial, dialTcp } from "./dial.ts";
import { endClient, limitsOf, openEndpoint } from "./endpoint.ts";
import type { JumpChain, Passage } from "./jump-chain.ts";
import { loadSsh2 } from "./library.ts";
import { cancelledError, SshMachine } from "./machine.ts";

export interface SshOptions extends SshEndpoint {
  /** Hosts to go through, which other machines may be reached through too. Default none. */
  readonly jumps?: JumpChain | undefined;
  /** How scripts that ask for it become root. Default: not at all. */
  readonly become?: Become;
  /** From the first packet to the server's first words. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** From there to being logged in. Default 30 s. */
  readonly authTimeoutMs?: number;
  /** How long a script may take that does not say so itself. Default 5 min. */
  readonly commandTimeoutMs?: number;
  /** How often a silent peer is asked whether it is there, and after how many unanswered questions it is not. */
  readonly keepAlive?: { readonly intervalMs: number; readonly countMax: number };
  /** How much of each of a script's two outputs is kept. Default 1 MiB. */
  readonly outputLimitBytes?: number;
  /** Gives up connecting. Scripts have signals of their own. */
  readonly signal?: AbortSignal | undefined;
  /** Opens the connection where there are no jump hosts. Default: TCP. */
  readonly dial?: Dial;
}

const DEFAULT_COMMAND_TIMEOUT_MS = 300_000;
const DEFAULT_OUTPUT_LIMIT_BYTES = 1024 * 1024;

/**
 * Connects to a machine by SSH and logs in. The connection is one TCP connection, or a channel of the last jump host's,
 * used for all scripts; close it with `machine.close()`.
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
  const ssh2 = await loadSsh2();
  let passage: Passage | undefined;
  try {
    passage = await options.jumps?.enter(signal);
    const dial = passage?.dial ?? options.dial ?? dialTcp;
    const { client, transport, hostKey } = await openEndpoint(ssh2, options, dial, limitsOf(options), signal);
    let isOpen = true;
    client.once("close", () => {
      isOpen = false;
    });
    return new SshMachine({
      client,
      transport,
      address: `${options.host.includes(":") ? `[${options.host}]` : options.host}:${options.port}`,
      username: options.username,
      hostKey,
      become: options.become ?? { method: "none" },
      commandTimeoutMs: options.commandTimeoutMs ?? DEFAULT_COMMAND_TIMEOUT_MS,
      outputLimitBytes: options.outputLimitBytes ?? DEFAULT_OUTPUT_LIMIT_BYTES,
      end: async () => {
        if (isOpen) await endClient(client);
        await passage?.leave();
      },
    });
  } catch (error) {
    await passage?.leave();
    throw signal.aborted ? cancelledError(signal.reason) : error;
  }
}
