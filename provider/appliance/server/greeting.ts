import type { Socket } from "node:net";

/** How many connections may be open that have not said who they are, and for how long. */
export interface GreetingLimits {
  readonly perAddress: number;
  readonly total: number;
  readonly withinMs: number;
}

/**
 * Enough for a thousand agents behind one address that come back at once; a handshake takes about a millisecond. Agents
 * themselves need file descriptors: of 20,000 a process, these take a fifth at most.
 */
export const GREETING_LIMITS: GreetingLimits = { perAddress: 1_024, total: 4_096, withinMs: 30_000 };

interface Waiting {
  readonly socket: Socket;
  readonly address: string;
  readonly sinceMs: number;
  /** Listens to the socket's end, for as long as it waits. */
  readonly onClose: () => void;
}

/**
 * Connections that have not said who they are. Beyond a limit the oldest is ended, not the newest refused: whoever holds
 * thousands half-open loses them, and one who comes now and speaks is served.
 */
export class Greeting {
  readonly #limits: GreetingLimits;
  readonly #nowMs: () => number;
  readonly #waiting = new Map<string, Waiting>();
  readonly #perAddress = new Map<string, Set<string>>();

  /** @param nowMs a monotonic clock */
  constructor(limits: GreetingLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Counts a new TCP connection until {@link greeted}, or its end. */
  add(socket: Socket): void {
    const key = keyOf(socket);
    const address = socket.remoteAddress ?? "";
    const ofAddress = this.#perAddress.get(address) ?? new Set<string>();
    if (ofAddress.size >= this.#limits.perAddress) this.#end(first(ofAddress));
    if (this.#waiting.size >= this.#limits.total) this.#end(first(this.#waiting.keys()));
    const onClose = () => {
      // The same addresses and ports may have come again before this one's end was told.
      if (this.#waiting.get(key)?.socket === socket) this.#forget(key);
    };
    this.#waiting.set(key, { socket, address, sinceMs: this.#nowMs(), onClose });
    this.#perAddress.set(address, ofAddress.add(key));
    socket.on("close", onClose);
  }

  /** The connection said who it is. @param socket the TCP socket or the TLS socket on it */
  greeted(socket: Socket): void {
    this.#forget(keyOf(socket));
  }

  /** Ends those that have had their time; called regularly. */
  sweep(): void {
    const before = this.#nowMs() - this.#limits.withinMs;
    // A map keeps the order of insertion: the first one that is young enough ends the search.
    for (const [key, { sinceMs }] of this.#waiting) {
      if (sinceMs > before) break;
      this.#end(key);
    }
  }

  /** Ends all of them. */
  endAll(): void {
    for (const key of this.#waiting.keys()) this.#end(key);
  }

  #end(key: string | undefined): void {
    if (key === undefined) return;
    const waiting = this.#waiting.get(key);
    this.#forget(key);
    waiting?.socket.destroy();
  }

  #forget(key: string): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    this.#waiting.delete(key);
    // Or it would be kept as long as the connection, which may be for days.
    waiting.socket.off("close", waiting.onClose);
    const ofAddress = this.#perAddress.get(waiting.address);
    ofAddress?.delete(key);
    if (ofAddress?.size === 0) this.#perAddress.delete(waiting.address);
  }
}

/** The same for a TCP socket and the TLS socket on it. */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`;
}

function first<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}
