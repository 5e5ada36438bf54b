import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import ssh2 from "ssh2";
import { afterAll, expect, test } from "vitest";
import { connectSsh } from "../../provider/machines/ssh/connect.ts";
import { dialTcp } from "../../provider/machines/ssh/dial.ts";
import { makeKey, temporaryFolder } from "./sshd.ts";

const folder = temporaryFolder();
const hostKey = makeKey(folder, "host", "ed25519");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is sent at a time, however much is read at a time. */
const PORTION_BYTES = 32 * 1024;
const CHUNK = Buffer.alloc(64 * 1024);
/** Less than an SSH server's window, so that SSH itself would let all of it go at once. */
const CHUNKS = 16;

function portOf(listener: Server): number {
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Passes bytes on, but for those that are written while the network is `stuck`. */
class Network extends Duplex {
  stuck = false;
  readonly #below: Duplex;

  constructor(below: Duplex) {
    super({ highWaterMark: PORTION_BYTES });
    this.#below = below;
    below.on("data", (chunk: Buffer) => this.push(chunk));
    below.on("close", () => this.destroy());
  }

  override _read(): void {
    this.#below.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, taken: (error?: Error | null) => void): void {
    // Whoever is stuck never says that it took the bytes.
    if (!this.stuck) this.#below.write(chunk, taken);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#below.destroy();
    done(error);
  }
}

test("little waits for a connection that takes no more", async () => {
  const peers: Socket[] = [];
  const listener = createServer({ pauseOnConnect: true }, (peer) => peers.push(peer));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const socket = await dialTcp("127.0.0.1", portOf(listener), new AbortController().signal);
  // First all that the system takes for a peer that never reads.
  while (socket.writableLength === 0) {
    socket.write(Buffer.alloc(PORTION_BYTES));
    await turn();
  }
  expect(socket.writableNeedDrain).toBe(true);

  socket.destroy();
  for (const peer of peers) peer.destroy();
  await new Promise((resolve) => listener.close(resolve));
});

test("a package is read no further than the network takes it", async () => {
  const ssh = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (client) => {
    client.on("authentication", (context) => context.accept());
    client.on("error", () => client.end());
    client.on("session", (accept) => {
      accept().on("exec", (begin) => begin().resume());
    });
  });
  const listener = createServer((socket) => ssh.injectSocket(socket));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  let network: Network | undefined;
  const machine = await connectSsh({
    host: "127.0.0.1",
    port: portOf(listener),
    username: "someone",
    credentials: { password: "right" },
    hostKeys: { mode: "pinned", keys: [hostKey.publicKey] },
    connectTimeoutMs: 60_000,
    authTimeoutMs: 60_000,
    dial: async (...to) => {
      network = new Network(await dialTcp(...to));
      return network;
    },
  });
  const reading = Promise.withResolvers<void>();
  let chunks = 0;
  const giveUp = new AbortController();
  const running = machine.runScript({
    script: "cat >/dev/null",
    payload: {
      sizeBytes: CHUNKS * CHUNK.length,
      sha256: "0".repeat(64),
      async *open() {
        for (let index = 0; index < CHUNKS; index += 1) {
          chunks += 1;
          if (chunks === 1 && network !== undefined) {
            network.stuck = true;
            reading.resolve();
          }
          yield CHUNK;
        }
      },
    },
    signal: giveUp.signal,
  });
  const ended = expect(running).rejects.toMatchObject({ code: "cancelled" });
  await reading.promise;
  // Without anybody to wait for, the rest would be read within as many turns.
  for (let index = 0; index < 4 * CHUNKS; index += 1) await turn();
  expect(chunks).toBeLessThan(4);
  expect(network?.writableLength).toBeLessThan(2 * PORTION_BYTES);

  giveUp.abort();
  await ended;
  network?.destroy();
  await machine.close();
  await new Promise((resolve) => listener.close(resolve));
});
