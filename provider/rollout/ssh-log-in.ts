import type { Duplex } from "node:stream";
import type { HostKeyPolicy, SshCredentials } from "../machines/credentials.ts";
import { type Become, MachineError } from "../machines/machine.ts";
import type { SshOptions } from "../machines/ssh/connect.ts";
import { type Dial, dialTcp } from "../machines/ssh/dial.ts";
import { JumpChain } from "../machines/ssh/jump-chain.ts";
import { lookUpKnownHost } from "../machines/ssh/known-hosts.ts";
import { OUTCOME_CODES } from "./codes.ts";
import { hintFor } from "./hint-for.ts";
import type { HostKeyPins } from "./host-key-pins.ts";

/** How the machines of a platform are reached and logged in to; one log-in for all of them. */
export interface SshLogIn {
  readonly username: string;
  readonly credentials: SshCredentials;
  readonly port: number;
  readonly become: Become;
  readonly hostKeys: HostKeyRule;
  /** Through these, the first one first. Then ports cannot be looked at, and names are resolved by the last one. */
  readonly jumpHosts: readonly JumpHost[];
  /** Ports that must be open besides `port`. */
  readonly requiredPorts: readonly number[];
  readonly portTimeoutMs: number;
  /** Whether ports are not looked at before: then only `connectTimeoutMs` counts. */
  readonly bypassPortCheck: boolean;
  readonly connectTimeoutMs: number;
  readonly authTimeoutMs: number;
  readonly commandTimeoutMs: number;
}

/** A host to go through. */
export interface JumpHost {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly credentials: SshCredentials;
}

/** What is done with the host key of a machine; see {@link hostKeysFor}. */
export interface HostKeyRule {
  readonly policy: "strict" | "acceptNew" | "insecure";
  /** Lines of a known_hosts file. */
  readonly knownHosts?: string | undefined;
}

/**
 * Which host keys of a machine are believed. What the program says of the machine in known_hosts lines counts first,
 * then what was pinned before, then the policy for machines nothing is known of.
 */
export function hostKeysFor(rule: HostKeyRule, pins: HostKeyPins, host: string, port: number): HostKeyPolicy {
  if (rule.policy === "insecure") return { mode: "insecure" };
  const { knownHosts = "" } = rule;
  if (knownHosts !== "") {
    const { trusted, revoked, hasAuthority } = lookUpKnownHost(knownHosts, host, port);
    if (trusted.length > 0 || revoked.length > 0 || hasAuthority) return { mode: "strict", knownHosts };
  }
  const known = pins.known(host, port);
  if (known.length > 0) {
    const hint = hintFor(host, OUTCOME_CODES["host-key-changed"].hint);
    return { mode: "pinned", keys: known.map(({ type, key }) => `${type} ${key}`), hint };
  }
  return rule.policy === "strict" ? { mode: "strict", knownHosts } : { mode: "acceptNew", known: [] };
}

/** The jump hosts of a log-in, for all machines that are reached through them; `undefined` where there are none. */
export function jumpsOf(logIn: SshLogIn, pins: HostKeyPins): JumpChain | undefined {
  const { jumpHosts, hostKeys, connectTimeoutMs, authTimeoutMs } = logIn;
  if (jumpHosts.length === 0) return undefined;
  return new JumpChain({
    hosts: () => jumpHosts.map((jump) => ({ ...jump, hostKeys: hostKeysFor(hostKeys, pins, jump.host, jump.port) })),
    connectTimeoutMs,
    authTimeoutMs,
    onLogIn: async ({ host, port }, hostKey) => {
      if (hostKeys.policy === "acceptNew") await pins.pin(host, port, hostKey);
    },
  });
}

/** What a connection to one machine needs. */
export interface Reach {
  /** What the user calls the machine. */
  readonly host: string;
  /** Where it may be, in the order to try; empty if a jump host resolves the name. */
  readonly addresses: readonly string[];
  /** Of {@link jumpsOf}. */
  readonly jumps: JumpChain | undefined;
  readonly signal: AbortSignal;
  /** Called once something accepted a connection. */
  readonly onAnswer: (address: string) => void;
}

/** The options of a connection to a machine. */
export function sshOptionsFor(logIn: SshLogIn, pins: HostKeyPins, reach: Reach): SshOptions {
  const { host, addresses, jumps, signal } = reach;
  const [address] = addresses;
  return {
    host,
    ...(address !== undefined && { address }),
    port: logIn.port,
    username: logIn.username,
    credentials: logIn.credentials,
    hostKeys: hostKeysFor(logIn.hostKeys, pins, host, logIn.port),
    jumps,
    become: logIn.become,
    connectTimeoutMs: logIn.connectTimeoutMs,
    authTimeoutMs: logIn.authTimeoutMs,
    commandTimeoutMs: logIn.commandTimeoutMs,
    signal,
    ...(jumps === undefined && { dial: dialOneOf(addresses, logIn, reach.onAnswer) }),
  };
}

/**
 * Dials one address after the other until one answers. Unless ports are not to be looked at, an address that is silent
 * for `portTimeoutMs` counts as filtered: this is the look at the port and the connection in one.
 */
function dialOneOf(addresses: readonly string[], logIn: SshLogIn, onAnswer: (address: string) => void): Dial {
  return async (first, port, signal) => {
    let fault: unknown;
    for (const address of addresses.length === 0 ? [first] : addresses) {
      try {
        const socket = await dialInTime(address, port, signal, logIn.bypassPortCheck ? undefined : logIn.portTimeoutMs);
        onAnswer(address);
        return socket;
      } catch (error) {
        if (signal.aborted) throw error;
        // A refusal says more than silence: something is there.
        if (!(fault instanceof MachineError) || fault.code !== "port-closed") fault = error;
      }
    }
    throw fault;
  };
}

async function dialInTime(
  address: string,
  port: number,
  signal: AbortSignal,
  timeoutMs: number | undefined,
): Promise<Duplex> {
  const limit = new AbortController();
  const forward = () => limit.abort(signal.reason);
  signal.addEventListener("abort", forward, { once: true });
  if (signal.aborted) forward();
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => limit.abort(filtered(port, `within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await dialTcp(address, port, limit.signal);
  } catch (error) {
    if (error instanceof MachineError && error.code === "connect-timeout") throw filtered(port, error.message, error);
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", forward);
  }
}

function filtered(port: number, why: string, cause?: unknown): MachineError {
  return new MachineError({
    code: "port-filtered",
    message: why.startsWith("within") ? `port ${port} did not answer ${why}` : why,
    hint: "check that the machine is on and that no firewall drops the connection",
    transient: true,
    ...(cause !== undefined && { cause }),
  });
}
