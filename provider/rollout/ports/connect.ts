import { Socket } from "node:net";
import type { PortState } from "./port-state.ts";

/**
 * What became of trying to connect: what the port said; that this machine has no means left for one more connection
 * (the port was not asked, and can be asked later); or that something else is wrong here.
 */
export type ConnectAnswer =
  | { readonly kind: "state"; readonly state: PortState }
  | { readonly kind: "shortage"; readonly code: string }
  | { readonly kind: "fault"; readonly error: Error };

/**
 * Begins to connect and says once what became of it. It waits as long as it is let: who asks ends it.
 *
 * @returns what gives up; nothing is said after that
 */
export type Connect = (address: string, port: number, answered: (answer: ConnectAnswer) => void) => () => void;

const CLOSED: ReadonlySet<string> = new Set(["ECONNREFUSED", "ECONNRESET"]);
/** Nobody answered, or a router or firewall said that nobody will. */
const FILTERED: ReadonlySet<string> = new Set([
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "EACCES",
  "EPERM",
  "ENOPROTOOPT",
  // No way to this address from here: no IPv6, or a link-local address without its link.
  "EADDRNOTAVAIL",
  "EAFNOSUPPORT",
  "EINVAL",
]);
/** Descriptors, buffers or entries of the neighbour table. */
const SHORTAGES: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EAGAIN"]);

/** Connects over TCP, says nothing and hangs up with a reset, which leaves no port of this machine waiting. */
export const connectTcp: Connect = (address, port, answered) => {
  // What the other side says first is of no interest: nothing is read, and nothing written.
  const socket = new Socket({ readable: false, writable: false });
  let isOver = false;
  socket.on("connect", () => {
    if (isOver) return;
    isOver = true;
    socket.resetAndDestroy();
    answered({ kind: "state", state: "open" });
  });
  socket.on("error", (error) => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    answered(answerOf(error));
  });
  socket.connect({ host: address, port });
  return () => {
    isOver = true;
    socket.destroy();
  };
};

function answerOf(error: Error): ConnectAnswer {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (CLOSED.has(code)) return { kind: "state", state: "closed" };
  if (FILTERED.has(code)) return { kind: "state", state: "filtered" };
  return SHORTAGES.has(code) ? { kind: "shortage", code } : { kind: "fault", error };
}
