import type { KeyObject } from "node:crypto";
import { sign } from "node:crypto";
import { connect, type SecureContext, type TLSSocket } from "node:tls";

/** Where to, and as whom. */
export interface WireAgentOptions {
  readonly port: number;
  /** An address of this host's own; each has ports of its own. */
  readonly localAddress: string;
  readonly context: SecureContext;
  /** Absent: only the WebSocket is opened, and nothing is said. */
  readonly identity?: WireIdentity;
  /** Each frame that comes, but what belongs to the hello. */
  readonly onText: (text: Buffer) => void;
}

/** Who an agent is. Made before anything is measured. */
export interface WireIdentity {
  readonly kuid: string;
  readonly publicKey: string;
  readonly privateKey: KeyObject;
  readonly hostname: string;
  readonly token: string;
}

const MEDIUM = 126;
const LARGE = 127;

/**
 * The agent's side of the protocol, written out for a driver that must cost little: one socket, no streams of its own.
 * Frames are masked with zeros, which RFC 6455 allows and which leaves the text as it is.
 */
export class WireAgent {
  readonly #socket: TLSSocket;
  readonly #onText: (text: Buffer) => void;
  #rest: Buffer | undefined;
  #upgraded = false;

  /** Resolves once the agent was welcomed, or where it has no identity once the WebSocket is open. */
  static async open(options: WireAgentOptions): Promise<WireAgent> {
    const socket = await shakeHands(options);
    return new Promise((resolve, reject) => {
      const agent = new WireAgent(socket, options, (error) => (error === undefined ? resolve(agent) : reject(error)));
    });
  }

  private constructor(socket: TLSSocket, options: WireAgentOptions, settled: (error?: Error) => void) {
    this.#socket = socket;
    const { identity } = options;
    const host = `127.0.0.1:${options.port}`;
    let greeting = identity !== undefined;
    this.#onText = (text) => {
      if (!greeting || identity === undefined) return options.onText(text);
      const message = JSON.parse(text.toString());
      if (message.type === "challenge")
        return this.send(frameOf(JSON.stringify(helloOf(identity, message.nonce, host))));
      greeting = false;
      settled(
        message.type === "welcome" && message.state === "approved"
          ? undefined
          : new Error(`not welcome: ${text.toString()}`),
      );
    };
    socket.on("data", (chunk: Buffer) => {
      const wasUpgraded = this.#upgraded;
      this.#take(chunk);
      if (!wasUpgraded && this.#upgraded && identity === undefined) settled();
    });
    socket.on("error", settled);
    socket.on("close", () => settled(new Error("the server has closed the connection")));
    socket.write(
      `GET /agent/v1 HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
  }

  send(frame: Buffer): void {
    this.#socket.write(frame);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    let bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#upgraded) {
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) {
        this.#rest = bytes;
        return;
      }
      if (!bytes.subarray(0, 12).equals(Buffer.from("HTTP/1.1 101"))) {
        this.#socket.destroy(new Error(`no WebSocket: ${bytes.subarray(0, end).toString()}`));
        return;
      }
      this.#upgraded = true;
      bytes = bytes.subarray(end + 4);
    }
    for (;;) {
      const frame = readFrame(bytes);
      if (frame === undefined) break;
      if (frame.isText) this.#onText(frame.payload);
      bytes = bytes.subarray(frame.length);
    }
    this.#rest = bytes.length === 0 ? undefined : Buffer.from(bytes);
  }
}

/** A TLS connection, with nothing said over it yet. */
export function shakeHands({
  port,
  localAddress,
  context,
}: Pick<WireAgentOptions, "port" | "localAddress" | "context">): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // The driver is not what is measured: who the server is has been settled by who started it.
    const options = { host: "127.0.0.1", port, localAddress, secureContext: context, rejectUnauthorized: false };
    const socket = connect(options, () => {
      socket.off("error", reject);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

/** A text as a masked frame. */
export function frameOf(text: string): Buffer {
  const payload = Buffer.from(text);
  const { length } = payload;
  if (length >= 65_536) throw new RangeError("no frame of a bench is that long");
  const head = length < MEDIUM ? [0x81, 0x80 | length] : [0x81, 0x80 | MEDIUM, Math.floor(length / 256), length % 256];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
}

function readFrame(bytes: Buffer) {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1);
  const headLength = short === LARGE ? 10 : short === MEDIUM ? 4 : 2;
  if (bytes.length < headLength) return undefined;
  const size = short === LARGE ? Number(bytes.readBigUInt64BE(2)) : short === MEDIUM ? bytes.readUInt16BE(2) : short;
  const length = headLength + size;
  if (bytes.length < length) return undefined;
  return { isText: (bytes.readUInt8(0) & 0xf) === 1, payload: bytes.subarray(headLength, length), length };
}

function helloOf(identity: WireIdentity, nonce: string, host: string) {
  const signed = Buffer.from(`kace-agent-hello-v1\n${nonce}\n${identity.kuid}\n${host}`);
  const { kuid, publicKey, hostname, token } = identity;
  return {
    type: "hello",
    protocol: 1,
    kuid,
    publicKey,
    signature: sign(null, signed, identity.privateKey).toString("base64url"),
    token,
    ...machineOf(hostname),
    flavour: "reference",
    machineId: "0".repeat(64),
    addresses: ["10.0.0.5"],
    macs: ["02:00:00:00:00:01"],
    can: ["tasks"],
  };
}

/** What a machine says of itself both in its hello and in its inventory. */
export function machineOf(hostname: string) {
  return {
    hostname,
    agentVersion: "1.2.3",
    os: {
      platform: "linux",
      id: "debian",
      version: "12",
      name: "Debian GNU/Linux 12 (bookworm)",
      architecture: "amd64",
    },
  };
}
