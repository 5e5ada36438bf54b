import { createHash } from "node:crypto";
import { Duplex } from "node:stream";
import ssh2 from "ssh2";
import { describe, expect, onTestFinished, test } from "vitest";
import { connectSsh } from "../../provider/machines/ssh/connect.ts";
import { dialTcp } from "../../provider/machines/ssh/dial.ts";
import { prepareWriting } from "../../provider/machines/ssh/packet-writer.ts";
import { makeKey, Sshd, temporaryFolder } from "./sshd.ts";

const key = makeKey(temporaryFolder(), "log-in", "ed25519");
/** What is read of the payload at a time, and what is sent of it in a packet. */
const CHUNK_BYTES = 64 * 1024;
const PORTION_BYTES = 32 * 1024;
const CHUNKS = 24;

/** Passes bytes on and remembers how they came. */
class Watched extends Duplex {
  /** How many pieces each message to the system had, of those that hold a portion of the payload. */
  readonly pieces: number[] = [];
  readonly large: ArrayBufferLike[] = [];
  readonly #below: Duplex;

  constructor(below: Duplex) {
    super();
    this.#below = below;
    below.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) below.pause();
    });
    below.on("close", () => this.destroy());
  }

  override _read(): void {
    this.#below.resume();
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], taken: (error?: Error | null) => void): void {
    const all = chunks.map(({ chunk }) => chunk);
    const large = all.filter(({ length }) => length > PORTION_BYTES / 2);
    if (large.length > 0) this.pieces.push(all.length);
    this.large.push(...large.map(({ buffer }) => buffer));
    this.#below.write(Buffer.concat(all), taken);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#below.destroy();
    done(error);
  }
}

describe("the packets of a connection", () => {
  test.each([
    ["aes128-gcm@openssh.com", []],
    ["aes256-ctr", ["MACs hmac-sha2-256-etm@openssh.com"]],
    ["aes128-ctr", ["MACs hmac-sha2-512"]],
    ["chacha20-poly1305@openssh.com", []],
  ])("are each sent at once with %s, hold no memory afterwards, and arrive", async (cipher, others) => {
    const sshd = await Sshd.start({
      authorizedKeys: [key.publicKey],
      extra: [`Ciphers ${cipher}`, "RekeyLimit 512K", ...others],
    });
    onTestFinished(() => sshd.stop());
    let transport: Watched | undefined;
    const machine = await connectSsh(
      sshd.options(
        { privateKey: key.privateKey },
        {
          dial: async (...to) => {
            transport = new Watched(await dialTcp(...to));
            return transport;
          },
        },
      ),
    );
    onTestFinished(() => machine.close());
    const chunk = Buffer.alloc(CHUNK_BYTES, "it's ");
    const hash = createHash("sha256");
    for (let index = 0; index < CHUNKS; index += 1) hash.update(chunk);
    const sha256 = hash.digest("hex");
    const ended = await machine.runScript({
      script: "sha256sum",
      payload: {
        sizeBytes: CHUNKS * CHUNK_BYTES,
        sha256,
        async *open() {
          for (let index = 0; index < CHUNKS; index += 1) yield chunk;
        },
      },
    });

    expect(ended.stdout).toBe(`${sha256}  -\n`);
    // What is sent is a copy: the package itself is sent to others too.
    expect(chunk.length).toBe(CHUNK_BYTES);
    const packets = (CHUNKS * CHUNK_BYTES) / PORTION_BYTES;
    expect(transport?.large.length).toBeGreaterThanOrEqual(packets);
    // A message may carry the packet that waited for the one before; it never carries a part of one.
    expect(transport?.pieces.every((pieces) => pieces > 1)).toBe(true);
    expect(transport?.pieces.length).toBeLessThanOrEqual(packets);
    expect(transport?.large.filter(({ byteLength }) => byteLength > 0)).toEqual([]);
  });

  test("are left as they are where the library sends them by other names", () => {
    const cipher = { encrypt: () => undefined };
    const { encrypt } = cipher;
    prepareWriting(Object.assign(new ssh2.Client(), { _protocol: { _cipher: cipher } }), new Duplex());
    expect(cipher.encrypt).toBe(encrypt);
    prepareWriting(new ssh2.Client(), new Duplex());
  });
});
