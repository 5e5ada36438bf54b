import type { Client } from "ssh2";
import type { SshEndpoint } from "../credentials.ts";
import { type HostKey, MachineError } from "../machine.ts";
import { type Dial, dialTcp, dialThrough } from "./dial.ts";
import { endClient, limitsOf, openEndpoint } from "./endpoint.ts";
import type { HandshakeLimits } from "./handshake.ts";
import { loadSsh2 } from "./library.ts";

/** Which hosts are gone through, and how. */
export interface JumpChainOptions extends Partial<HandshakeLimits> {
  /** The first of them first, each with a log-in and host keys of its own; asked for whenever they are logged in to. */
  readonly hosts: () => readonly SshEndpoint[];
  /** Called once a host was logged in to. What it throws is the failure of whoever wants to go through. */
  readonly onLogIn?: (host: SshEndpoint, hostKey: HostKey) => Promise<void>;
}

/** A way through, as long as it is wanted. */
export interface Passage {
  /** Opens connections from the last of the hosts on. */
  readonly dial: Dial;
  /** The last one who leaves ends the connections to the hosts. */
  readonly leave: () => Promise<void>;
}

/** The connections to the hosts, and how many go through them. */
interface Way {
  /** In the order they were opened. */
  readonly clients: Client[];
  readonly opened: Promise<Dial>;
  readonly nobodyWants: AbortController;
  users: number;
}

/**
 * Jump hosts that many machines are reached through. They are logged in to once for all machines that are connected at the
 * same time: an sshd drops log-ins at random when ten are under way (sshd_config(5), `MaxStartups`), and each is a line in
 * the log of a host that is watched. Where a connection breaks, the next machine makes another one.
 *
 * @example const jumps = new JumpChain({ hosts: () => [bastion] });
 * const machines = await Promise.all(hosts.map((host) => connectSsh({ ...host, jumps })));
 */
export class JumpChain {
  readonly #options: JumpChainOptions;
  #way: Way | undefined;

  constructor(options: JumpChainOptions) {
    this.#options = options;
  }

  /**
   * Goes through, together with whoever else does.
   * @throws MachineError as `connectSsh`, which names the host; what `signal` was aborted with
   */
  async enter(signal: AbortSignal): Promise<Passage> {
    this.#way ??= this.#open();
    const way = this.#way;
    way.users += 1;
    let isThrough = true;
    const leave = async () => {
      if (!isThrough) return;
      isThrough = false;
      way.users -= 1;
      if (way.users > 0) return;
      this.#forget(way);
      way.nobodyWants.abort();
      await endAll(way.clients);
    };
    try {
      return { dial: await unlessAborted(way.opened, signal), leave };
    } catch (error) {
      await leave();
      throw error;
    }
  }

  #open(): Way {
    const clients: Client[] = [];
    const nobodyWants = new AbortController();
    const way: Way = {
      clients,
      nobodyWants,
      opened: this.#logIn(clients, nobodyWants.signal, () => this.#forget(way)),
      users: 0,
    };
    way.opened.catch(() => this.#forget(way)); // whoever waits for it is told
    return way;
  }

  async #logIn(clients: Client[], signal: AbortSignal, onBroken: () => void): Promise<Dial> {
    const { hosts, onLogIn } = this.#options;
    const limits = limitsOf(this.#options);
    const ssh2 = await loadSsh2();
    let dial = dialTcp;
    for (const host of hosts()) {
      const name = `the jump host ${host.host}`;
      try {
        const { client, hostKey } = await openEndpoint(ssh2, host, dial, limits, signal);
        if (signal.aborted) {
          client.destroy();
          throw signal.reason;
        }
        clients.push(client);
        client.once("close", () => {
          clients.splice(clients.indexOf(client), 1);
          onBroken();
        });
        await onLogIn?.(host, hostKey);
        dial = dialThrough(client, name);
      } catch (error) {
        throw atJumpHost(error, name);
      }
    }
    return dial;
  }

  /** Whoever comes next makes another one. */
  #forget(way: Way): void {
    if (this.#way === way) this.#way = undefined;
  }
}

/** The last first: each runs through the one before it. */
async function endAll(clients: readonly Client[]): Promise<void> {
  for (const client of clients.toReversed()) await endClient(client);
}

/** What one of several waits for must not end because another one gives up. */
function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
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
