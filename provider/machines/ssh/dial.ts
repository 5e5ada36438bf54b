import { connect, type NetConnectOpts } from "node:net";
import type { Duplex, DuplexOptions } from "node:stream";
import type { Client } from "ssh2";
import { MachineError } from "../machine.ts";

/** Opens a stream of bytes to an address; rejects with a MachineError. */
export type Dial = (address: string, port: number, signal: AbortSignal) => Promise<Duplex>;

/**
 * How much waits here for a connection that takes no more. The system keeps what fills the way to the machine; what
 * waits before it is memory, once for each of the machines that are sent something at the same time.
 */
const WAITING_BYTES = 16 * 1024;

/** Opens a TCP connection. */
export const dialTcp: Dial = (address, port, signal) =>
  new Promise((resolve, reject) => {
    const options: NetConnectOpts & DuplexOptions = {
      host: address,
      port,
      noDelay: true,
      highWaterMark: WAITING_BYTES,
    };
    const socket = connect(options);
    const abort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    const fail = (error: Error) => {
      signal.removeEventListener("abort", abort);
      reject(dialError(error, port));
    };
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.off("error", fail);
      signal.removeEventListener("abort", abort);
      // Between here and the library's own listener an error must not end the process.
      socket.on("error", () => socket.destroy());
      resolve(socket);
    });
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
  });

/** Opens a connection from a jump host on. */
export function dialThrough(jump: Client, jumpName: string): Dial {
  return (address, port, signal) =>
    new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) return abort();
      const lost = () => {
        reject(new MachineError({ code: "lost", message: `the connection to ${jumpName} broke`, transient: true }));
      };
      jump.once("close", lost);
      try {
        jump.forwardOut("127.0.0.1", 0, address, port, (error, channel) => {
          signal.removeEventListener("abort", abort);
          jump.off("close", lost);
          if (error !== undefined) reject(forwardError(error, port, jumpName));
          else if (signal.aborted) channel.destroy();
          else resolve(channel);
        });
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        lost();
      }
    });
}

/** What a failed TCP connection means. */
export function dialError(error: Error, port: number): MachineError {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  switch (code) {
    case "ECONNREFUSED":
      return new MachineError({
        code: "port-closed",
        message: `nothing listens on port ${port}`,
        hint: "start sshd there or give its port",
        cause: error,
      });
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new MachineError({
        code: "dns-failed",
        message: "the name does not resolve to an address",
        transient: code === "EAI_AGAIN",
        cause: error,
      });
    case "ECONNRESET":
    case "EPIPE":
      return new MachineError({
        code: "lost",
        message: "the connection was reset while it was made",
        transient: true,
        cause: error,
      });
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
      return new MachineError({
        code: "connect-timeout",
        message: code === "ETIMEDOUT" ? `port ${port} did not answer` : "there is no way to this address",
        transient: true,
        cause: error,
      });
    default:
      return new MachineError({
        code: "lost",
        message: `no connection could be made${code === "" ? "" : ` (${code})`}`,
        transient: true,
        cause: error,
      });
  }
}

function forwardError(error: Error, port: number, jumpName: string): MachineError {
  const said = error.message.replace(/^\(SSH\) Channel open failure: /, "");
  const at = `seen from ${jumpName}`;
  if (/refused/i.test(said)) {
    return new MachineError({ code: "port-closed", message: `nothing listens on port ${port}, ${at}`, cause: error });
  }
  if (/name or service|not known|resolv/i.test(said)) {
    return new MachineError({ code: "dns-failed", message: `the name does not resolve, ${at}`, cause: error });
  }
  if (/prohibited/i.test(said)) {
    return new MachineError({
      code: "port-filtered",
      message: `${jumpName} does not forward connections`,
      hint: "set AllowTcpForwarding and PermitOpen in its sshd_config",
      cause: error,
    });
  }
  return new MachineError({
    code: "connect-timeout",
    message: `port ${port} could not be reached, ${at}: ${said}`,
    transient: true,
    cause: error,
  });
}
