import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type AgentOptions, newIdentity, TestAgent } from "./agent.ts";
import { inOtherProcess, startTestServer, type TestServer, until } from "./running.ts";

const TIMEOUT_MS = 120_000;

let server: TestServer;
const agents: TestAgent[] = [];

beforeAll(async () => {
  server = await startTestServer({ limits: { changesEveryMs: 50 } });
}, TIMEOUT_MS);
afterAll(() => server.remove(), TIMEOUT_MS);
afterEach(() => {
  for (const agent of agents.splice(0)) agent.socket.terminate();
});

async function enrol(options: Partial<AgentOptions> & { token?: string } = {}) {
  const enrolled = await TestAgent.enrol({ port: server.port, ca: server.ca, ...options });
  agents.push(enrolled.agent);
  return enrolled;
}

async function connect(options: Partial<AgentOptions> = {}): Promise<TestAgent> {
  const agent = await TestAgent.connect({ port: server.port, ca: server.ca, ...options });
  agents.push(agent);
  return agent;
}

let names = 0;
/** A new token with the given limits. */
function newToken(settings: { useLimit?: number; expiresAt?: string; enabled?: boolean } = {}) {
  names += 1;
  return server.appliance.createToken({ name: `token ${names}`, ...settings });
}

const deviceOf = ({ identity: { kuid } }: TestAgent) => server.appliance.getDevice({ kuid });

describe("an agent with a valid token", { timeout: TIMEOUT_MS }, () => {
  it("is approved, counted once, connected, and its inventory is kept", async () => {
    const token = await newToken({ useLimit: 2 });
    const { agent, answer } = await enrol({ token: token.value });
    expect(answer).toMatchObject({
      type: "welcome",
      state: "approved",
      organization: "default",
      heartbeatSeconds: 20,
      runIntervalSeconds: 3_600,
    });
    expect(answer).not.toHaveProperty("reason");
    expect(await server.appliance.checkToken({ value: token.value })).toMatchObject({ remainingUses: 1 });
    expect(await deviceOf(agent)).toMatchObject({ state: "approved", connected: true, hostname: "web01" });
    agent.inventory();
    await agent.next("inventory-received");
    expect(await deviceOf(agent)).toMatchObject({ inventory: { agentVersion: "1.2.4", memoryBytes: 1_000_000 } });
    agent.say({ type: "heartbeat" });
    expect(await agent.next("heartbeat")).toMatchObject({ serverTime: expect.stringMatching(/Z$/) });
  });

  it("comes back without it, and no second use is counted", async () => {
    const token = await newToken({ useLimit: 1 });
    const first = await enrol({ token: token.value });
    first.agent.socket.close();
    await first.agent.closed;
    await until("the end is recorded", async () => !(await deviceOf(first.agent)).connected);
    const again = await enrol({ identity: first.agent.identity });
    expect(again.answer).toMatchObject({ state: "approved" });
    expect(await deviceOf(again.agent)).toMatchObject({ connected: true });
    expect(await server.appliance.tokenUses({ id: token.id })).toMatchObject({ uses: [{ hostname: "web01" }] });
  });

  it("is asked for its inventory when somebody wants it now", async () => {
    const { agent } = await enrol({ token: (await newToken()).value });
    expect(server.server.checkIn([agent.identity.kuid, "00000000-somebody-else"])).toBe(1);
    await agent.next("check-in");
  });
});

describe("an agent without a valid token", { timeout: TIMEOUT_MS }, () => {
  it("waits in quarantine, and is told when another process approves it", async () => {
    const { agent, answer } = await enrol();
    expect(answer).toMatchObject({ type: "welcome", state: "quarantined", reason: "no-token" });
    const { kuid } = agent.identity;
    expect((await server.appliance.listQuarantine({})).devices.map((device) => device.kuid)).toContain(kuid);
    await inOtherProcess(server.folder, "setDeviceState", { kuid, state: "approved" });
    expect(await agent.next("state")).toMatchObject({ state: "approved" });
    agent.inventory();
    await agent.next("inventory-received");
  });

  it("has no inventory kept", async () => {
    const { agent } = await enrol();
    agent.inventory();
    agent.say({ type: "heartbeat" });
    await agent.next("heartbeat"); // frames are answered in their order: the inventory was handled
    expect((await deviceOf(agent)).inventory).toBeUndefined();
  });

  it("is told when another process blocks it, and is still blocked when it comes back with a token", async () => {
    const { agent } = await enrol();
    const { kuid } = agent.identity;
    await inOtherProcess(server.folder, "setDeviceState", { kuid, state: "blocked" });
    expect(await agent.next("state")).toMatchObject({ state: "blocked" });
    const again = await enrol({ identity: agent.identity, token: (await newToken()).value });
    expect(again.answer).toMatchObject({ state: "blocked", reason: "blocked" });
  });

  it("is sent away when another process forgets it, and comes back as a new one", async () => {
    const { agent } = await enrol();
    await inOtherProcess(server.folder, "deleteDevice", { kuid: agent.identity.kuid });
    expect(await agent.closed).toEqual({ code: 4001, reason: "forgotten" });
    expect((await enrol({ identity: agent.identity })).answer).toMatchObject({ state: "quarantined" });
  });

  it("is approved once it says a valid one", async () => {
    const { agent } = await enrol();
    const again = await enrol({ identity: agent.identity, token: (await newToken()).value });
    expect(again.answer).toMatchObject({ state: "approved" });
  });

  it.each([
    ["token-unknown", async () => "nobody-has-this-token"],
    ["token-disabled", async () => (await newToken({ enabled: false })).value],
    [
      "token-expired",
      async () => {
        const { id, value } = await newToken();
        await server.appliance.updateToken({ id, expiresAt: "2020-01-01T00:00:00Z" });
        return value;
      },
    ],
    [
      "token-exhausted",
      async () => {
        const { value } = await newToken({ useLimit: 1 });
        expect((await enrol({ token: value })).answer).toMatchObject({ state: "approved" });
        return value;
      },
    ],
  ])("is told why: %s", async (reason, token) => {
    const { answer } = await enrol({ token: await token() });
    expect(answer).toMatchObject({ type: "welcome", state: "quarantined", reason });
  });
});

describe("one device", { timeout: TIMEOUT_MS }, () => {
  it("has one connection: the newer wins, and the device stays connected", async () => {
    const older = await enrol();
    const newer = await enrol({ identity: older.agent.identity });
    expect(await older.agent.closed).toEqual({ code: 4000, reason: "replaced" });
    newer.agent.say({ type: "heartbeat" });
    await newer.agent.next("heartbeat");
    expect(await deviceOf(newer.agent)).toMatchObject({ connected: true });
  });

  it("has one key: another one is refused, and the connection of the first is left alone", async () => {
    const { agent } = await enrol();
    const other = await enrol({ identity: newIdentity(agent.identity.kuid) });
    expect(other.answer).toMatchObject({ type: "refused", code: "key-mismatch" });
    expect((await other.agent.closed).code).toBe(1008);
    agent.say({ type: "heartbeat" });
    await agent.next("heartbeat");
    const { kuid } = agent.identity;
    const recorded = async () =>
      (await server.appliance.listKeyConflicts({ limit: 1_000 })).keyConflicts.filter((item) => item.kuid === kuid);
    await until("it is recorded", async () => (await recorded()).length === 1);
    expect(await recorded()).toMatchObject([{ hostname: "web01", knownHostname: "web01", sameMachine: true }]);
    await until("it is said once", () => server.lines.some((line) => line.includes(`came as device ${kuid}`)));
  });
});

describe("a machine that was copied with its agent's key", { timeout: TIMEOUT_MS }, () => {
  const recorded = async (kuid: string) =>
    (await server.appliance.listKeyConflicts({ limit: 1_000 })).keyConflicts.filter((item) => item.kuid === kuid);

  /** Both connected, one after the other, as one device; the second says this of itself. */
  async function both(changes: Readonly<Record<string, unknown>>) {
    const { agent: original } = await enrol();
    const copy = await connect({ identity: original.identity });
    expect(await copy.hello(changes)).toMatchObject({ type: "welcome" });
    expect(await original.closed).toMatchObject({ code: 4000 });
    copy.say({ type: "heartbeat" });
    await copy.next("heartbeat"); // frames are answered in their order: the hello was done with
    return { kuid: original.identity.kuid, identity: original.identity };
  }

  it.each([
    ["another network card", { macs: ["02:00:00:00:00:99"], addresses: ["10.0.0.99"], hostname: "web02" }],
    ["an id of its own", { machineId: "1".repeat(64), addresses: ["10.0.0.99"], hostname: "web02" }],
  ])("is known by %s, and both are recorded and said once", async (_, changes) => {
    const { kuid, identity } = await both(changes);
    expect(await recorded(kuid)).toEqual([]); // it may have another card now
    const turn = async (said: Readonly<Record<string, unknown>>) => {
      const agent = await connect({ identity });
      await agent.hello(said);
      agent.say({ type: "heartbeat" });
      await agent.next("heartbeat");
    };
    await turn({});
    expect(await recorded(kuid)).toMatchObject([
      { knownHostname: "web01", hostname: "web02", addresses: ["10.0.0.99"], sameMachine: false, attempts: 1 },
    ]);
    await turn(changes);
    expect(await recorded(kuid)).toMatchObject([{ knownHostname: "web02", hostname: "web01", attempts: 2 }]);
    expect(server.lines.filter((line) => line.includes(`take turns as device ${kuid}`))).toHaveLength(1);
  });

  it.each([
    ["came back", {}],
    ["has another card beside its own", { macs: ["02:00:00:00:00:99", "02:00:00:00:00:01"] }],
    ["says nothing of its cards and its id", { macs: [], machineId: "" }],
  ])("is not one that %s", async (_, changes) => {
    const { kuid, identity } = await both(changes);
    const again = await connect({ identity });
    await again.hello();
    again.say({ type: "heartbeat" });
    await again.next("heartbeat");
    expect(await recorded(kuid)).toEqual([]);
  });
});

describe("a decision about the quarantine", { timeout: TIMEOUT_MS }, () => {
  it("by rule lets in the agent that waits, and the one that comes", async () => {
    const named = (hostname: string) => ({
      all: [{ property: "hostname" as const, operator: "matches" as const, value: hostname }],
    });
    const waiting = await connect();
    expect(await waiting.hello({ hostname: "rule-1.corp.example" })).toMatchObject({ state: "quarantined" });
    const rule = { name: "ours", verdict: "approve", rule: named("rule-*.corp.example") };
    await inOtherProcess(server.folder, "saveQuarantineDecision", rule);
    expect(await waiting.next("state")).toMatchObject({ state: "approved" });
    waiting.inventory();
    await waiting.next("inventory-received");
    const coming = await connect();
    expect(await coming.hello({ hostname: "rule-2.corp.example" })).toMatchObject({ state: "approved" });
    const other = await connect();
    expect(await other.hello({ hostname: "elsewhere.example" })).toMatchObject({ state: "quarantined" });
  });

  it("about one device shuts it out, whatever token it brings, until it is deleted", async () => {
    const identity = newIdentity();
    const { id } = await server.appliance.saveQuarantineDecision({
      name: "stolen",
      verdict: "block",
      kuid: identity.kuid,
    });
    const { agent, answer } = await enrol({ identity, token: (await newToken()).value });
    expect(answer).toMatchObject({ state: "blocked", reason: "blocked" });
    await server.appliance.deleteQuarantineDecision({ id });
    expect(await agent.next("state")).toMatchObject({ state: "quarantined", reason: "no-token" });
  });
});

describe("what is no good hello", { timeout: TIMEOUT_MS }, () => {
  it.each([
    ["a bad signature", { signature: "A".repeat(86) }, "bad-signature"],
    ["another version of the protocol", { protocol: 2 }, "protocol"],
    ["a property that is missing", { hostname: undefined }, "malformed"],
    ["a name that is no text", { hostname: { canary: 1 } }, "malformed"],
  ])("with %s is refused, and nothing is recorded", async (_, changes, code) => {
    const agent = await connect();
    expect(await agent.hello(changes)).toMatchObject({ type: "refused", code });
    expect((await agent.closed).code).toBe(1008);
    await expect(deviceOf(agent)).rejects.toMatchObject({ code: "not-found" });
  });

  it("is refused when it was signed for another server", async () => {
    const agent = await connect({ signsFor: "other.example:8443" });
    expect(await agent.hello()).toMatchObject({ type: "refused", code: "bad-signature" });
  });

  it.each([
    ["rubbish", "\u0000rubbish\uffff", 1008],
    ["a message before it", '{"type":"heartbeat"}', 1008],
    ["a message of the future before it", '{"type":"greetings"}', 1008],
    ["a message of 300 KB", "x".repeat(300 * 1024), 1009],
  ])("but %s closes that connection only", async (_, text, code) => {
    const { agent: bystander } = await enrol();
    const agent = await connect();
    agent.socket.send(text);
    expect((await agent.closed).code).toBe(code);
    bystander.say({ type: "heartbeat" });
    await bystander.next("heartbeat");
  });

  it("but bytes instead of text close that connection only", async () => {
    const agent = await connect();
    agent.socket.send(Buffer.from([1, 2, 3]));
    expect((await agent.closed).code).toBe(1003);
  });
});

describe("an agent that is welcome", { timeout: TIMEOUT_MS }, () => {
  it("is refused an inventory that is not as it must be, which names the place and never the value", async () => {
    const { agent } = await enrol({ token: (await newToken()).value });
    agent.inventory({ addresses: ["10.0.0.5", `canary${"x".repeat(100)}`] });
    const refused = await agent.next("refused");
    expect(refused).toMatchObject({ code: "malformed", message: expect.stringContaining("inventory.addresses[1]") });
    expect(JSON.stringify(refused)).not.toContain("canary");
    expect((await agent.closed).code).toBe(1008);
    expect((await deviceOf(agent)).inventory).toBeUndefined();
  });

  it("is told of an inventory that breaks off", async () => {
    const { agent } = await enrol({ token: (await newToken()).value });
    agent.socket.send('{"type":"inventory","hostname":"canary');
    const refused = await agent.next("refused");
    expect(refused).toMatchObject({ code: "malformed", message: "recordInventory: inventory: it is not JSON" });
    expect((await agent.closed).code).toBe(1008);
  });

  it.each([
    ["a second hello", '{"type":"hello"}', 1008],
    ["rubbish", "{", 1008],
    ["a message of 300 KB", "x".repeat(300 * 1024), 1009],
  ])("loses its connection by %s", async (_, text, code) => {
    const { agent } = await enrol();
    agent.socket.send(text);
    expect((await agent.closed).code).toBe(code);
    await until("the end is recorded", async () => !(await deviceOf(agent)).connected);
  });

  it("may say what this server does not know yet", async () => {
    const { agent } = await enrol();
    agent.say({ type: "from-the-future" });
    agent.say({ type: "heartbeat" });
    await agent.next("heartbeat");
  });
});

describe("silence", { timeout: TIMEOUT_MS }, () => {
  it("instead of a hello ends the connection", async () => {
    const impatient = await startTestServer({ limits: { helloMs: 100 } });
    try {
      const agent = await TestAgent.connect({ port: impatient.port, ca: impatient.ca });
      expect(await agent.next("refused")).toMatchObject({ code: "protocol", message: "no hello came in time" });
      expect((await agent.closed).code).toBe(1008);
    } finally {
      await impatient.remove();
    }
  });

  it("for three heartbeats ends the connection", async () => {
    const impatient = await startTestServer({ limits: { heartbeatSeconds: 1 } });
    try {
      const { agent } = await TestAgent.enrol({ port: impatient.port, ca: impatient.ca });
      expect(await agent.closed).toEqual({ code: 1001, reason: "silent for too long" });
      const { kuid } = agent.identity;
      await until("the end is recorded", async () => !(await impatient.appliance.getDevice({ kuid })).connected);
    } finally {
      await impatient.remove();
    }
  });
});

it("secrets of agents are in no line of the log", async () => {
  const { agent: stranger } = await enrol({ token: "canary-token-of-an-agent" });
  stranger.socket.send('{"token":"canary');
  await stranger.closed;
  const { agent: approved } = await enrol({ token: (await newToken()).value });
  approved.socket.send('{"type":"inventory","token":"canary');
  await approved.closed;
  expect(server.lines.join("\n")).not.toContain("canary");
});
