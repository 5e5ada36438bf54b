import type { Duplex } from "node:stream";
import type { Client, ConnectConfig, ServerHostKeyAlgorithm } from "ssh2";
import type { SshEndpoint } from "../credentials.ts";
import { type HostKey, MachineError } from "../machine.ts";
import { Authentication, type LogIn } from "./authentication.ts";
import { hostKeyOf } from "./host-key.ts";
import { forgoHostKeyProofs } from "./host-key-proofs.ts";
import { judgeHostKey, knownKeyTypes } from "./judge-host-key.ts";
import type { Ssh2Library } from "./library.ts";
import { prepareKeys } from "./packet-keys.ts";
import { prepareWriting } from "./packet-writer.ts";

/** How long each part may take, and when a silent peer counts as gone. */
export interface HandshakeLimits {
  readonly connectTimeoutMs: number;
  readonly authTimeoutMs: number;
  readonly keepAlive: { readonly intervalMs: number; readonly countMax: number };
}

/** A connection that is logged in. */
export interface OpenClient {
  readonly client: Client;
  /** What it sends its bytes through. */
  readonly transport: Duplex;
  readonly hostKey: HostKey;
}

/** How far a connection has come: what a failure means depends on it. */
type Stage = "banner" | "handshake" | "log-in";

/**
 * Makes an SSH connection out of a stream of bytes and logs in.
 * @throws MachineError `connect-timeout`, `host-key-changed`, `host-key-unknown`, `auth-failed`, `lost`; what `signal`
 *   was aborted with
 */
export function openClient(
  ssh2: Ssh2Library,
  stream: Duplex,
  endpoint: SshEndpoint,
  logIn: LogIn,
  limits: HandshakeLimits,
  signal: AbortSignal,
): Promise<OpenClient> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    const authentication = new Authentication(logIn, client);
    let stage: Stage = "banner";
    let hostKey: HostKey | undefined;
    let verdict: MachineError | undefined;
    let fault: Error | undefined;
    let isSettled = false;

    const settle = (finish: () => void) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      stream.off("data", onBytes);
      finish();
    };
    const fail = (error: unknown) => {
      settle(() => {
        client.destroy();
        stream.destroy();
        reject(error);
      });
    };
    const abort = () => fail(signal.reason);
    const onTimeout = () => fail(timedOut(stage));
    const onBytes = () => {
      stream.off("data", onBytes);
      stage = "handshake";
      clearTimeout(timer);
      timer = setTimeout(onTimeout, limits.authTimeoutMs);
    };
    let timer = setTimeout(onTimeout, limits.connectTimeoutMs);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) return abort();

    client.on("handshake", () => {
      stage = "log-in";
      prepareKeys(client);
      prepareWriting(client, stream);
    });
    client.on("ready", () => {
      if (hostKey === undefined) fail(new TypeError("a log-in without a host key"));
      else {
        const key = hostKey;
        settle(() => resolve({ client, transport: stream, hostKey: key }));
      }
    });
    client.on("change password", () => authentication.passwordExpired());
    client.on("error", (error) => {
      // The library goes on to the next method when an agent fails.
      if (error.level === "agent") authentication.agentFault = error.message;
      else if (error.level === "client-authentication") fail(authentication.failure());
      else {
        fault ??= error;
        // All others are final, and the other side need not close; a moment later, so that a farewell is sent first.
        setImmediate(() => fail(verdict ?? brokenOff(stage, fault, authentication)));
      }
    });
    client.on("close", () => fail(verdict ?? brokenOff(stage, fault, authentication)));

    client.connect({
      sock: stream,
      username: endpoint.username,
      authHandler: authentication.next,
      hostVerifier: (blob: Buffer) => {
        hostKey = hostKeyOf(blob);
        verdict = judgeHostKey(endpoint.hostKeys, endpoint, hostKey);
        return verdict === undefined;
      },
      readyTimeout: 0,
      keepaliveInterval: limits.keepAlive.intervalMs,
      keepaliveCountMax: limits.keepAlive.countMax,
      ...preference(knownKeyTypes(endpoint.hostKeys, endpoint)),
    });
    forgoHostKeyProofs(client);
    stream.on("data", onBytes);
  });
}

/** The names of the signatures of each type of host key, best first, in the order in which the library asks for them. */
const SIGNATURES: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
};

/**
 * Asks for the types of host keys that are known before all others: a server has several keys and shows one. Nothing
 * where the library's own order does that already, because an order of one's own costs it work in each handshake.
 */
function preference(types: readonly string[]): Pick<ConnectConfig, "algorithms"> {
  if (types.length === 0 || types.includes("ssh-ed25519")) return {};
  const known = types.filter((type) => Object.hasOwn(SIGNATURES, type));
  const others = Object.keys(SIGNATURES).filter((type) => !known.includes(type));
  return { algorithms: { serverHostKey: [...known, ...others].flatMap((type) => SIGNATURES[type] ?? []) } };
}

function timedOut(stage: Stage): MachineError {
  const messages: Record<Stage, string> = {
    banner: "the port accepts connections but says nothing",
    handshake: "the port says something but does not go on with the SSH handshake",
    "log-in": "the log-in was not answered in time",
  };
  return new MachineError({ code: "connect-timeout", message: messages[stage], transient: true });
}

function brokenOff(stage: Stage, fault: Error | undefined, authentication: Authentication): MachineError {
  if (authentication.fault !== undefined) return authentication.fault;
  const said = fault?.message ?? "";
  if (stage === "log-in" && (authentication.wasRejected || /too many authentication/i.test(said))) {
    return authentication.failure();
  }
  if (/no matching|signature verification failed|malformed|identification|invalid/i.test(said)) {
    return new MachineError({
      code: "lost",
      message: `no SSH connection could be agreed on: ${said}`,
      hint: "what listens there is no SSH server, or one with algorithms that cannot be used",
      cause: fault,
    });
  }
  const when: Record<Stage, string> = {
    banner: "before it said anything",
    handshake: "during the SSH handshake",
    "log-in": "during the log-in",
  };
  return new MachineError({
    code: "lost",
    message: `the connection was closed ${when[stage]}${said === "" ? "" : `: ${said}`}`,
    hint: "a server that has too many connections at once does this",
    // A password that may have been rejected is not sent again.
    transient: !authentication.sentPassword,
    cause: fault,
  });
}
