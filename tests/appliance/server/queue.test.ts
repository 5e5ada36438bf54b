import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type AgentIdentity, TestAgent } from "./agent.ts";
import { inOtherProcess, startTestServer, type TestServer, until } from "./running.ts";

const TIMEOUT_MS = 240_000;

let server: TestServer;
const agents: TestAgent[] = [];
let tokens = 0;

beforeAll(async () => {
  server = await startTestServer({ limits: { changesEveryMs: 50 } });
}, TIMEOUT_MS);
afterAll(() => server.remove(), TIMEOUT_MS);
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.socket.terminate();
  await server.appliance.deleteMessages({});
});

async function connected(identity?: AgentIdentity): Promise<TestAgent> {
  const { value } = await server.appliance.createToken({ name: `token ${++tokens}` });
  const { agent } = await TestAgent.enrol({
    port: server.port,
    ca: server.ca,
    token: value,
    ...(identity !== undefined && { identity }),
  });
  agents.push(agent);
  return agent;
}

async function queueOf({ identity: { kuid } }: TestAgent) {
  return (await server.appliance.listMessages({ kuid })).messages;
}

async function isConnected({ identity: { kuid } }: TestAgent): Promise<boolean> {
  return (await server.appliance.getDevice({ kuid })).connected;
}

async function drop(agent: TestAgent): Promise<void> {
  agent.socket.terminate();
  await until("the server sees that the agent is gone", async () => !(await isConnected(agent)));
}

describe("the message queue of a server", { timeout: TIMEOUT_MS }, () => {
  it("brings a check-in that another process asks for, and shows what the agent says became of it", async () => {
    const agent = await connected();
    const { kuid } = agent.identity;
    const sent = await inOtherProcess(server.folder, "sendMessage", { kuids: [kuid], type: "check-in" });
    expect(sent).toMatchObject({ messages: 1, notConnected: [] });
    const { messageId } = await agent.next("check-in");
    await until("the message counts as sent", async () => (await queueOf(agent))[0]?.status === "sent");
    agent.say({ type: "message-status", id: messageId, status: "received" });
    await until("it was received", async () => (await queueOf(agent))[0]?.status === "received");
    agent.inventory();
    await agent.next("inventory-received");
    agent.say({ type: "message-status", id: messageId, status: "completed" });
    await until("it was done", async () => (await queueOf(agent))[0]?.status === "completed");
  });

  it("keeps what is pending for a connection only as long as that lasts", async () => {
    const agent = await connected();
    const { kuid } = agent.identity;
    await server.appliance.sendMessage({ kuids: [kuid], type: "check-in" });
    expect(await queueOf(agent)).toHaveLength(1);
    await drop(agent);
    expect(await queueOf(agent)).toEqual([]);
    const again = await connected(agent.identity);
    expect(await queueOf(again)).toEqual([]);
  });

  it("brings an alert to a device that comes later, and again if the connection broke before it answered", async () => {
    const agent = await connected();
    const { identity } = agent;
    await drop(agent);
    await server.appliance.sendMessage({ kuids: [identity.kuid], type: "alert", payload: "maintenance at six" });
    expect(await queueOf(agent)).toMatchObject([{ status: "pending", connected: false }]);

    const second = await connected(identity);
    const first = await second.next("message");
    const { id } = first;
    expect(first).toMatchObject({ messageType: "alert", payload: "maintenance at six" });
    await until("it counts as sent", async () => (await queueOf(second))[0]?.status === "sent");
    await drop(second);

    const third = await connected(identity);
    expect(await third.next("message")).toEqual(first);
    third.say({ type: "message-status", id, status: "completed" });
    await until("it was shown", async () => (await queueOf(third))[0]?.status === "completed");
    await drop(third);
    // What was done is not sent once more: the next thing that a later connection hears is another alert.
    const fourth = await connected(identity);
    await server.appliance.sendMessage({ kuids: [identity.kuid], type: "alert", payload: "another one" });
    expect(await fourth.next("message")).toMatchObject({ payload: "another one" });
  });

  it("sends nothing to a device that is blocked after it was sent to", async () => {
    const agent = await connected();
    const { identity } = agent;
    await drop(agent);
    await server.appliance.sendMessage({ kuids: [identity.kuid], type: "alert", payload: "not for it" });
    await server.appliance.setDeviceState({ kuid: identity.kuid, state: "blocked" });
    const blocked = await connected(identity);
    await server.appliance.setDeviceState({ kuid: identity.kuid, state: "quarantined" });
    expect((await blocked.next("message", "state")).type).toBe("state");
    expect(await queueOf(blocked)).toMatchObject([{ status: "pending" }]);
  });

  it("forgets messages that have expired, though nobody sends or deletes any", async () => {
    const agent = await connected();
    const { kuid } = agent.identity;
    await drop(agent);
    const payload = "canary-of-the-queue";
    await server.appliance.sendMessage({ kuids: [kuid], type: "alert", payload, expiresInSeconds: 1 });
    const kept = () => {
      const database = new DatabaseSync(join(server.folder, "appliance.db"), { readOnly: true });
      try {
        return database.prepare("SELECT id FROM messages WHERE payload = ?").all(payload);
      } finally {
        database.close();
      }
    };
    await until("it is forgotten", () => kept().length === 0);
  });

  it("counts as taken out what it shows, and not what was of an earlier connection", async () => {
    const agent = await connected();
    await server.appliance.sendMessage({ kuids: [agent.identity.kuid], type: "check-in" });
    const [hidden] = await queueOf(agent);
    await drop(agent);
    expect(await queueOf(agent)).toEqual([]);
    expect(await server.appliance.deleteMessages({ ids: [hidden?.id ?? ""] })).toEqual({ deleted: 0 });
    expect(await server.appliance.deleteMessages({})).toEqual({ deleted: 0 });
    const again = await connected(agent.identity);
    await server.appliance.sendMessage({ kuids: [agent.identity.kuid], type: "check-in" });
    expect(await queueOf(again)).toHaveLength(1);
    expect(await server.appliance.deleteMessages({})).toEqual({ deleted: 1 });
  });

  it("takes no agent's word about another's message", async () => {
    const [one, other] = [await connected(), await connected()];
    await server.appliance.sendMessage({ kuids: [one.identity.kuid], type: "alert", payload: "for one" });
    const { id } = await one.next("message");
    other.say({ type: "message-status", id, status: "completed" });
    other.say({ type: "heartbeat" });
    await other.next("heartbeat"); // what came before it was worked on
    expect((await queueOf(one))[0]?.status).not.toBe("completed");
  });
});
