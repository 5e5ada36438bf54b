import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import * as z from "zod";
import { TestAgent } from "./agent.ts";
import { startTestServer, type TestServer, until } from "./running.ts";

const TIMEOUT_MS = 240_000;

const message = z.looseObject({ type: z.string(), id: z.string().optional() });
const recording = z
  .object({
    host: z.string(),
    privateKey: z.string(),
    frames: z.array(z.object({ from: z.enum(["agent", "server"]), message })),
  })
  .parse(JSON.parse(readFileSync(new URL("../../fixtures/agent-before-tasks.json", import.meta.url), "utf8")));

type Message = z.output<typeof message>;

/** The PKCS #8 wrapping of an Ed25519 seed (RFC 8410, 7). */
const SEED_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

function keyOf(base64: string) {
  const seed = Buffer.from(base64, "base64").subarray(0, 32);
  return createPrivateKey({ key: Buffer.concat([SEED_PREFIX, seed]), format: "der", type: "pkcs8" });
}

/** What a recorded property looks like, so that a later one can be held to it. */
function formOf(value: unknown): unknown {
  if (Array.isArray(value)) return "array";
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, formOf(inner)]));
}

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ limits: { changesEveryMs: 50 } });
}, TIMEOUT_MS);
afterAll(() => server.remove(), TIMEOUT_MS);

describe("an agent of before there were tasks", { timeout: TIMEOUT_MS }, () => {
  it("is answered by today's server as it was by its own, frame by frame, and is given no task", async () => {
    const socket = new WebSocket(`wss://127.0.0.1:${server.port}/agent/v1`, {
      ca: server.ca,
      perMessageDeflate: false,
      headers: { host: recording.host },
    });
    const heard: Message[] = [];
    socket.on("message", (data) => heard.push(message.parse(JSON.parse(String(data)))));
    const token = (await server.appliance.createToken({ name: "for the old agent" })).value;
    let kuid = "";
    let nonce: unknown;
    /** The ids that today's server gave what the recorded one had other ids for. */
    const ids = new Map<string, string>();

    for (const { from, message: recorded } of recording.frames) {
      if (from === "agent") {
        const said: Record<string, unknown> = { ...recorded };
        if (recorded.type === "hello") {
          // The nonce is the server's and new, and so is the token; all else is said as it was recorded.
          kuid = String(recorded.kuid);
          const text = Buffer.from(`kace-agent-hello-v1\n${nonce}\n${kuid}\n${recording.host}`);
          said.signature = sign(null, text, keyOf(recording.privateKey)).toString("base64url");
          said.token = token;
        }
        if (recorded.id !== undefined) said.id = ids.get(recorded.id);
        socket.send(JSON.stringify(said));
        continue;
      }
      if (recorded.type === "message")
        await server.appliance.sendMessage({ kuids: [kuid], type: "alert", payload: String(recorded.payload) });
      if (recorded.type === "check-in" && "messageId" in recorded)
        await server.appliance.sendMessage({ kuids: [kuid], type: "check-in" });
      else if (recorded.type === "check-in") server.server.checkIn([kuid]);
      await until(`the server says ${recorded.type}`, () => heard.some(({ type }) => type === recorded.type));
      const index = heard.findIndex(({ type }) => type === recorded.type);
      const [answer] = heard.splice(index, 1);
      expect(formOf(answer), `what the agent knows of "${recorded.type}"`).toMatchObject(Object(formOf(recorded)));
      if (recorded.type === "challenge") nonce = answer?.nonce;
      if (recorded.id !== undefined) ids.set(recorded.id, String(answer?.id));
      if ("messageId" in recorded) ids.set(String(recorded.messageId), String(answer?.messageId));
    }

    expect(await server.appliance.getDevice({ kuid })).toMatchObject({
      state: "approved",
      connected: true,
      agentVersion: "1.4.2",
      hostname: "web01.example.com",
    });
    const messages = async () => (await server.appliance.listMessages({ kuid })).messages.map(({ status }) => status);
    await until("both messages are done", async () => (await messages()).every((status) => status === "completed"));

    // One that understands tasks is given its own at the same look.
    const other = await TestAgent.connect({ port: server.port, ca: server.ca });
    await other.hello({ token, can: ["tasks"] });
    const { tasks } = await server.appliance.queueTasks({ kuids: [kuid, other.identity.kuid], type: "inventory" });
    await other.next("task");
    const answers = () => heard.filter(({ type }) => type === "heartbeat").length;
    const before = answers();
    socket.send(JSON.stringify({ type: "heartbeat" }));
    await until("the old agent is answered", () => answers() > before);
    const types = heard.map(({ type }) => type);
    expect(types.filter((type) => type === "task" || type === "refused")).toEqual([]);
    expect((await server.appliance.getTask({ id: tasks[0]?.id ?? "" })).state).toBe("ready");
    other.socket.terminate();
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.terminate();
  });
});
