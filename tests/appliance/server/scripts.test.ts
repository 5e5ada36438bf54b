import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { TestAgent } from "./agent.ts";
import { inOtherProcess, startTestServer, type TestServer, until } from "./running.ts";

const TIMEOUT_MS = 240_000;
const HOUR_MS = 3_600_000;

let server: TestServer;
const agents: TestAgent[] = [];
let tokens = 0;

beforeAll(async () => {
  server = await startTestServer({ limits: { changesEveryMs: 50 } });
}, TIMEOUT_MS);
afterAll(() => server.remove(), TIMEOUT_MS);
afterEach(() => {
  for (const agent of agents.splice(0)) agent.socket.terminate();
});

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");

async function connected(can: readonly string[] = ["tasks", "scripting-update"]): Promise<TestAgent> {
  const { value } = await server.appliance.createToken({ name: `token ${++tokens}` });
  const agent = await TestAgent.connect({ port: server.port, ca: server.ca });
  agents.push(agent);
  await agent.hello({ token: value, can });
  return agent;
}

const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString();

async function order(agent: TestAgent, at: string, script = "uptime"): Promise<string> {
  const { tasks } = await server.appliance.queueTasks({
    kuids: [agent.identity.kuid],
    type: "script",
    payload: { script, at },
  });
  return tasks[0]?.id ?? "";
}

async function taskOf(agent: TestAgent, id: string) {
  const { tasks } = await server.appliance.listTasks({ kuids: [agent.identity.kuid] });
  return tasks.find((task) => task.id === id);
}

describe("scripts for later and a server", { timeout: TIMEOUT_MS }, () => {
  it("brings an agent what another process ordered, once it looks, and knows then that it is kept", async () => {
    const agent = await connected();
    const at = inHours(24);
    const payload = { script: "echo canary-1c5d", at };
    await inOtherProcess(server.folder, "queueTasks", { kuids: [agent.identity.kuid], type: "script", payload });
    const { tasks } = await server.appliance.listTasks({ kuids: [agent.identity.kuid] });
    const id = tasks[0]?.id ?? "";
    agent.say({ type: "scripts", held: hashOf(""), look: true });
    const { id: update, payload: wanted } = await agent.next("task");
    const sha256 = hashOf("echo canary-1c5d");
    expect(wanted).toEqual({
      scripts: [{ id, sha256, at, lateSeconds: 3_600, timeoutSeconds: 3_600, priority: 50 }],
    });
    agent.say({ type: "task-status", id: update, status: "started" });
    agent.say({ type: "package-request", taskId: update, sha256, offset: 0 });
    expect(await agent.next("package-part")).toMatchObject({
      sizeBytes: 16,
      data: Buffer.from("echo canary-1c5d").toString("base64"),
    });
    agent.say({ type: "task-status", id: update, status: "completed", note: "1 held: 1 new, 0 dropped" });
    agent.say({ type: "scripts", held: hashOf(id), look: false });
    await until("it is known to be kept", async () => (await taskOf(agent, id))?.heldSince !== undefined);
    // It runs by itself, and says so like any other task.
    agent.say({ type: "task-status", id, status: "started" });
    agent.say({ type: "task-status", id, status: "completed", exitCode: 0, endedAt: new Date().toISOString() });
    await until("it has ended", async () => (await taskOf(agent, id))?.state === "completed");
  });

  it("brings a script at once whose time comes soon, and calls one back that an agent keeps", async () => {
    const agent = await connected();
    const id = await order(agent, inHours(1));
    expect(await agent.next("task")).toMatchObject({ taskType: "scripting-update", payload: { scripts: [{ id }] } });
    expect(await server.appliance.cancelTasks({ ids: [id] })).toEqual({ cancelled: 0, asked: 1 });
    expect(await agent.next("task-cancel")).toEqual({ type: "task-cancel", id });
    agent.say({ type: "task-status", id, status: "failed", note: "it was called back before it began" });
    await until("that is known", async () => (await taskOf(agent, id))?.state === "cancelled");
  });

  it("sends nothing of them to an agent of before, and says why they wait", async () => {
    const agent = await connected(["tasks", "self-update"]);
    const id = await order(agent, inHours(1));
    await server.appliance.queueTasks({ kuids: [agent.identity.kuid], type: "alert", payload: { text: "at six" } });
    expect(await agent.next("task")).toMatchObject({ taskType: "alert" });
    expect((await taskOf(agent, id))?.note).toContain("keeps no scripts for later");
  });

  it.each([
    ["a hash that is none", { held: "none", look: true }],
    ["no wish", { held: hashOf("") }],
  ])("ends the connection of an agent that says of them %s", async (_what, said) => {
    const agent = await connected();
    agent.say({ type: "scripts", ...said });
    expect(await agent.next("refused")).toMatchObject({ code: "malformed" });
  });

  it("keeps their texts encrypted", async () => {
    const agent = await connected();
    await order(agent, inHours(24), "echo canary-77ab");
    const { entries } = await server.appliance.listHistory({ limit: 5 });
    expect(JSON.stringify(entries)).not.toContain("canary-77ab");
    const files = await readdir(server.folder, { recursive: true, withFileTypes: true });
    const contents = await Promise.all(
      files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name))),
    );
    expect(contents.length).toBeGreaterThan(0);
    expect(contents.filter((content) => content.includes("canary-77ab"))).toEqual([]);
  });
});
