import { generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";

/** A message of the server, as its JSON says it. */
export type Received = Readonly<Record<string, unknown>> & { readonly type: string };

export interface AgentOptions {
  readonly port: number;
  /** PEM of the authority to trust. */
  readonly ca: string;
  readonly identity?: AgentIdentity;
  /** The `host:port` that its hello is signed for; that of its connection unless a test says otherwise. */
  readonly signsFor?: string;
}

export interface AgentIdentity {
  readonly kuid: string;
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

export function newIdentity(kuid: string = randomUUID()): AgentIdentity {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return { kuid, publicKey: String(publicKey.export({ format: "jwk" }).x), privateKey };
}

/** How long a test waits for what must come: generous, since nothing depends on it when all is well. */
const PATIENCE_MS = 60_000;

/** The agent's side of a connection, for tests: it says what it is told to say and keeps what it hears. */
export class TestAgent {
  readonly identity: AgentIdentity;
  readonly socket: WebSocket;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #host: string;
  readonly #received: Received[] = [];
  #wake: () => void = () => undefined;

  private constructor(options: AgentOptions) {
    this.identity = options.identity ?? newIdentity();
    this.#host = options.signsFor ?? `127.0.0.1:${options.port}`;
    this.socket = new WebSocket(`wss://127.0.0.1:${options.port}/agent/v1`, {
      ca: options.ca,
      perMessageDeflate: false,
    });
    this.closed = new Promise((resolve) => {
      this.socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    this.socket.on("message", (data) => {
      this.#received.push(JSON.parse(String(data)));
      this.#wake();
    });
    this.socket.on("close", () => this.#wake());
    // A connection that the server breaks is an answer too; `closed` says so.
    this.socket.on("error", () => this.#wake());
  }

  /** Connects and waits until the WebSocket is open. */
  static async connect(options: AgentOptions): Promise<TestAgent> {
    const agent = new TestAgent(options);
    await once(agent.socket, "open");
    return agent;
  }

  /** Connects and says hello; resolves with the server's answer to it. */
  static async enrol(
    options: AgentOptions & { readonly token?: string },
  ): Promise<{ agent: TestAgent; answer: Received }> {
    const agent = await TestAgent.connect(options);
    const answer = await agent.hello(options.token === undefined ? {} : { token: options.token });
    return { agent, answer };
  }

  /** The next message of one of these types; what comes before it is dropped. */
  async next(...types: readonly string[]): Promise<Received> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      for (let message = this.#received.shift(); message !== undefined; message = this.#received.shift()) {
        if (types.includes(message.type)) return message;
      }
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error(`closed before ${types.join(" or ")}`);
      if (performance.now() > deadline) throw new Error(`nothing heard of ${types.join(" or ")}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1_000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Answers the challenge. @param changes replaces parts of the hello; `signature` is over what is said otherwise */
  async hello(changes: Readonly<Record<string, unknown>> = {}): Promise<Received> {
    const { nonce } = await this.next("challenge");
    const { kuid, publicKey, privateKey } = this.identity;
    const signed = Buffer.from(`kace-agent-hello-v1\n${nonce}\n${kuid}\n${this.#host}`);
    this.say({
      type: "hello",
      protocol: 1,
      kuid,
      publicKey,
      signature: sign(null, signed, privateKey).toString("base64url"),
      hostname: "web01",
      agentVersion: "1.2.3",
      flavour: "reference",
      os: OS,
      machineId: "0".repeat(64),
      addresses: ["10.0.0.5"],
      macs: ["02:00:00:00:00:01"],
      ...changes,
    });
    return this.next("welcome", "refused");
  }

  say(message: Readonly<Record<string, unknown>>): void {
    this.socket.send(JSON.stringify(message));
  }

  /** An inventory as it should be, but for these changes. */
  inventory(changes: Readonly<Record<string, unknown>> = {}): void {
    this.say({
      type: "inventory",
      collectedAt: "2026-06-01T00:00:00Z",
      hostname: "web01",
      os: OS,
      agentVersion: "1.2.4",
      addresses: ["10.0.0.6"],
      macs: [],
      memoryBytes: 1_000_000,
      cpus: 2,
      uptimeSeconds: 12.5,
      ...changes,
    });
  }
}

const OS = {
  platform: "linux",
  id: "debian",
  version: "12",
  name: "Debian GNU/Linux 12 (bookworm)",
  architecture: "amd64",
};
