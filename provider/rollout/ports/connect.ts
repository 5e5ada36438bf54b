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

/**
 * Makes what connects over TCP, says nothing and hangs up with a reset, which leaves no port of this machine waiting.
 * Its sockets are used again and again: making one costs as much as connecting with it.
 */
export function tcpConnect(): Connect {
  const idle: Line[] = [];
  return (address, port, answered) => {
    const line = idle.pop() ?? new Line(idle);
    return line.connect(address, port, answered);
  };
}

/** A socket that makes one connection after the other. */
class Line {
  // What the other side says first is of no interest: nothing is read, and nothing written.
  readonly #socket = new Socket({ readable: false, writable: false });
  #answered: ((answer: ConnectAnswer) => void) | undefined;

  /** @param idle takes it up whenever it is free */
  constructor(idle: Line[]) {
    this.#socket.on("connect", () => {
      if (this.#answered === undefined) return;
      this.#socket.resetAndDestroy();
      this.#say({ kind: "state", state: "open" });
    });
    const failed = (error: Error) => {
      this.#socket.destroy();
      this.#say(answerOf(error));
    };
    // Told before the error reaches the stream, which would first write down where in Node it was made. What fails
    // before anything is sent is an error of the stream only.
    this.#socket.on("connectionAttemptFailed", (_address, _port, _family, error) => failed(error));
    this.#socket.on("error", failed);
    this.#socket.on("close", () => idle.push(this));
  }

  connect(address: string, port: number, answered: (answer: ConnectAnswer) => void): () => void {
    this.#answered = answered;
    this.#socket.connect({ host: address, port });
    return () => {
      if (this.#answered !== answered) return; // it was answered, and may be somebody else's by now
      this.#answered = undefined;
      this.#socket.destroy();
    };
  }

  #say(answer: ConnectAnswer): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(answer);
  }
}

function answerOf(error: Error): ConnectAnswer {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (CLOSED.has(code)) return { kind: "state", state: "closed" };
  if (FILTERED.has(code)) return { kind: "state", state: "filtered" };
  return SHORTAGES.has(code) ? { kind: "shortage", code } : { kind: "fault", error };
}
