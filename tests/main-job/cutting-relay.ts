import { createServer, connect as dial, type Server, type Socket } from "node:net";

/** A machine as a relay stands for it. */
export interface RelayOptions {
  /** The address that the relay listens at. */
  readonly listenAt: string;
  readonly to: { readonly host: string; readonly port: number };
  /** A connection is cut once so many bytes went to the machine. */
  readonly cutAfterBytes: number;
  /** So many connections are cut; those after them are let through. */
  readonly cuts: number;
}

/** A TCP relay before a machine that breaks connections in the middle of what they carry, as a bad network does. */
export class CuttingRelay {
  readonly port: number;
  /** How many connections it has cut so far. */
  cut = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** @example const relay = await CuttingRelay.open({ listenAt, to: { host, port: 22 }, cutAfterBytes: 2 ** 20, cuts: 1 }); */
  static async open(options: RelayOptions): Promise<CuttingRelay> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, options.listenAt, resolve);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the relay has no port");
    const relay = new CuttingRelay(server, address.port);
    server.on("connection", (near) => relay.#relay(near, options));
    return relay;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #relay(near: Socket, { to, cutAfterBytes, cuts }: RelayOptions): void {
    const far = dial(to.port, to.host);
    const both = [near, far];
    const end = () => {
      for (const socket of both) socket.destroy();
    };
    for (const socket of both) {
      this.#sockets.add(socket);
      // A reset is what this relay is for; it ends both sides, and the test sees what became of it.
      socket.on("error", end);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    let bytes = 0;
    near.on("data", (chunk) => {
      bytes += chunk.length;
      if (bytes >= cutAfterBytes && this.cut < cuts) {
        this.cut++;
        end();
      }
    });
    near.pipe(far);
    far.pipe(near);
  }
}
