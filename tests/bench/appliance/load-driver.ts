import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createSecureContext, type TLSSocket } from "node:tls";
import { sampleInventory } from "./sample-inventory.ts";
import { frameOf, shakeHands, WireAgent, type WireIdentity } from "./wire-agent.ts";

/*
 * Plays the agents of a bench in a process of its own, which is told what to do over the channel of its parent: one
 * request after the other, each with its number, which the answer repeats.
 */

/** What the driver can be asked to do. */
export type DriverRequest =
  /** Only TLS, as a yardstick. The connections stay open until all are there, and end then. */
  | { readonly kind: "handshakes"; readonly port: number; readonly count: number; readonly atOnce: number }
  /** Agents that connect and stay; with a token they enrol, without they only open the WebSocket. */
  | {
      readonly kind: "connect";
      readonly port: number;
      readonly count: number;
      readonly atOnce: number;
      readonly token?: string;
    }
  /** From now on every agent says so often that it is there, spread evenly. */
  | { readonly kind: "beat"; readonly everyMs: number }
  /** So many inventories in all, each agent in its turn; answered by whatever text comes next but heartbeats. */
  | { readonly kind: "inventories"; readonly count: number; readonly atOnce: number }
  /** From now on counts the agents that hear of something: each once. */
  | { readonly kind: "listen"; readonly type: string; readonly reply?: Reply }
  /** Ends when all have heard what is listened for; the moment is of the clock that processes share. */
  | { readonly kind: "all-heard"; readonly withinMs: number }
  | { readonly kind: "disconnect" };

/** What agents answer to what they hear: that they have done it. */
export type Reply = "message-status" | "task-status";

/** What the driver says when it has done it. */
export interface DriverAnswer {
  readonly seconds: number;
  /** `Date.now()` at its end. */
  readonly at: number;
  /** How many agents have heard what is listened for. */
  readonly heard: number;
}

interface Envelope {
  readonly number: number;
  readonly request: DriverRequest;
}

/** Each has 28,000 ports for connections to one port of a server. */
const ADDRESSES = 8;

/** More than any agent of a bench needs to answer, on however busy a machine. */
const PATIENCE_MS = 120_000;

const context = createSecureContext();
const inventory = frameOf(JSON.stringify({ type: "inventory", ...sampleInventory(0) }));
const heartbeat = frameOf(JSON.stringify({ type: "heartbeat" }));
/** Looked for in the bytes of frames, which are not parsed. */
const HEARTBEAT = Buffer.from(`"type":"heartbeat"`);

interface Driven {
  readonly agent: WireAgent;
  answered: (() => void) | undefined;
}

const driven: Driven[] = [];
let listening: { readonly mark: Buffer; readonly reply: Reply | undefined; readonly heard: Set<number> } | undefined;
let whenHeard: (() => void) | undefined;
let beating: NodeJS.Timeout | undefined;

/** Does something `count` times, `atOnce` at a time. */
async function inFlight(
  count: number,
  atOnce: number,
  work: (index: number, lane: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const run = async (lane: number) => {
    while (next < count) await work(next++, lane);
  };
  await Promise.all(Array.from({ length: Math.min(count, atOnce) }, (_, lane) => run(lane)));
}

function localAddress(index: number): string {
  return `127.0.9.${1 + (index % ADDRESSES)}`;
}

function hear(index: number, text: Buffer): void {
  const one = driven[index];
  if (one === undefined) return;
  if (listening !== undefined && text.includes(listening.mark)) {
    listening.heard.add(index);
    if (listening.reply !== undefined) {
      const { id } = JSON.parse(text.toString());
      one.agent.send(frameOf(JSON.stringify({ type: listening.reply, id, status: "completed" })));
    }
    if (listening.heard.size === driven.length) whenHeard?.();
    return;
  }
  if (one.answered === undefined || text.includes(HEARTBEAT)) return;
  const { answered } = one;
  one.answered = undefined;
  answered();
}

function identities(count: number, token: string): WireIdentity[] {
  return Array.from({ length: count }, (_, index) => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const hostname = `machine-${driven.length + index}.bench.example`;
    return {
      kuid: randomUUID(),
      publicKey: String(publicKey.export({ format: "jwk" }).x),
      privateKey,
      hostname,
      token,
    };
  });
}

async function perform(request: DriverRequest): Promise<number> {
  switch (request.kind) {
    case "handshakes": {
      const { port, count, atOnce } = request;
      const sockets: TLSSocket[] = [];
      const begin = performance.now();
      await inFlight(count, atOnce, async (index) => {
        const socket = await shakeHands({ port, localAddress: localAddress(index), context });
        socket.on("error", () => undefined); // it is only held open
        sockets.push(socket);
      });
      const end = performance.now();
      for (const socket of sockets) socket.destroy();
      return end - begin;
    }
    case "connect": {
      const { port, count, atOnce, token } = request;
      const known = token === undefined ? [] : identities(count, token);
      const first = driven.length;
      const begin = performance.now();
      await inFlight(count, atOnce, async (number) => {
        const index = first + number;
        const identity = known[number];
        const agent = await WireAgent.open({
          port,
          localAddress: localAddress(index),
          context,
          ...(identity === undefined ? {} : { identity }),
          onText: (text) => hear(index, text),
        });
        driven[index] = { agent, answered: undefined };
      });
      return performance.now() - begin;
    }
    case "beat": {
      clearInterval(beating);
      // A hundredth of them at a time, so that the beats are spread.
      const portions = 100;
      let turn = 0;
      beating = setInterval(() => {
        turn = (turn + 1) % portions;
        for (let index = turn; index < driven.length; index += portions) driven[index]?.agent.send(heartbeat);
      }, request.everyMs / portions);
      return 0;
    }
    case "inventories": {
      // Each lane has agents of its own: an agent waits for its answer before it sends again.
      const lanes = Math.min(request.atOnce, driven.length);
      const turns = Array.from({ length: lanes }, () => 0);
      const begin = performance.now();
      await inFlight(request.count, lanes, async (_number, lane) => {
        const turn = turns[lane] ?? 0;
        turns[lane] = turn + 1;
        const one = driven[lane + lanes * (turn % Math.floor(driven.length / lanes))];
        if (one === undefined) throw new Error("nobody is connected");
        await new Promise<void>((resolve, reject) => {
          const timer = setTimeout(() => reject(new Error("an inventory was not answered")), PATIENCE_MS);
          one.answered = () => {
            clearTimeout(timer);
            resolve();
          };
          one.agent.send(inventory);
        });
      });
      return performance.now() - begin;
    }
    case "listen":
      listening = {
        mark: Buffer.from(`"type":"${request.type}"`),
        reply: request.reply,
        heard: new Set(),
      };
      return 0;
    case "all-heard": {
      const begin = performance.now();
      if ((listening?.heard.size ?? 0) < driven.length) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, request.withinMs);
          whenHeard = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return performance.now() - begin;
    }
    case "disconnect":
      clearInterval(beating);
      for (const { agent } of driven.splice(0)) agent.close();
      return 0;
    default:
      return request satisfies never;
  }
}

process.on("message", ({ number, request }: Envelope) => {
  perform(request).then(
    (ms) => {
      const answer: DriverAnswer = { seconds: ms / 1_000, at: Date.now(), heard: listening?.heard.size ?? 0 };
      process.send?.({ number, answer });
    },
    (error: unknown) => process.send?.({ number, problem: error instanceof Error ? error.message : String(error) }),
  );
});
process.on("disconnect", () => process.exit());
