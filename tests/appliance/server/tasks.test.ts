import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Input } from "../../../provider/appliance/appliance.ts";
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
afterEach(() => {
  for (const agent of agents.splice(0)) agent.socket.terminate();
});

async function connected(identity?: AgentIdentity, can: readonly string[] | undefined = ["tasks"]): Promise<TestAgent> {
  const { value } = await server.appliance.createToken({ name: `token ${++tokens}` });
  const agent = await TestAgent.connect({
    port: server.port,
    ca: server.ca,
    ...(identity !== undefined && { identity }),
  });
  agents.push(agent);
  await agent.hello({ token: value, ...(can.length > 0 && { can }) });
  return agent;
}

async function drop({ socket, identity: { kuid } }: TestAgent): Promise<void> {
  socket.terminate();
  await until("the server sees that the agent is gone", async () => {
    const { connected: still } = await server.appliance.getDevice({ kuid });
    return !still;
  });
}

function queue({ identity: { kuid } }: TestAgent, input: Partial<Input<"queueTasks">> = {}) {
  return server.appliance.queueTasks({ kuids: [kuid], type: "script", payload: { script: "uptime" }, ...input });
}

async function taskOf({ identity: { kuid } }: TestAgent) {
  return (await server.appliance.listTasks({ kuids: [kuid] })).tasks[0];
}

async function idsIn(agent: TestAgent, view: Input<"listTasks">["view"]): Promise<string[]> {
  const { tasks } = await server.appliance.listTasks({ kuids: [agent.identity.kuid], view });
  return tasks.map(({ id }) => id);
}

describe("tasks and a server", { timeout: TIMEOUT_MS }, () => {
  it("gives an agent what another process queued, and keeps and confirms what it says", async () => {
    const agent = await connected();
    const order = { kuids: [agent.identity.kuid], type: "script", payload: { script: "uptime" }, timeoutSeconds: 60 };
    await inOtherProcess(server.folder, "queueTasks", order);
    const { id, ...task } = await agent.next("task");
    expect(task).toEqual({
      type: "task",
      taskType: "script",
      priority: 50,
      timeoutSeconds: 60,
      payload: { script: "uptime" },
    });
    agent.say({ type: "task-status", id, status: "started" });
    await until("it runs", async () => (await taskOf(agent))?.state === "running");
    expect(await idsIn(agent, "in-progress")).toEqual([id]);
    agent.say({
      type: "task-status",
      id,
      status: "failed",
      note: "exit code 3",
      exitCode: 3,
      output: "no\n",
      runMs: 70,
    });
    expect(await agent.next("task-status-received")).toMatchObject({ id });
    expect(await taskOf(agent)).toMatchObject({ state: "failed", exitCode: 3, runSeconds: 0.07 });
    expect(await server.appliance.getTask({ id: String(id) })).toMatchObject({ output: "no\n" });
    // What was not heard is said again, and confirmed again.
    agent.say({ type: "task-status", id, status: "failed" });
    expect(await agent.next("task-status-received")).toMatchObject({ id });
  });

  it("has the four views of what waits and what runs", async () => {
    const agent = await connected(undefined, []);
    const { tasks } = await queue(agent);
    const ids = tasks.map(({ id }) => id);
    expect(await idsIn(agent, "ready-connected")).toEqual(ids);
    expect(await idsIn(agent, "ready")).toEqual([]);
    await drop(agent);
    expect(await idsIn(agent, "ready-connected")).toEqual([]);
    expect(await idsIn(agent, "ready")).toEqual(ids);
    expect(await idsIn(agent, "longer-than-10-minutes")).toEqual([]);
    expect(await idsIn(agent, "in-progress")).toEqual([]);
  });

  it("gives an agent of before tasks none, and to one that is updated what waited", async () => {
    const old = await connected(undefined, []);
    await queue(old, { type: "alert", payload: { text: "at six" } });
    old.say({ type: "heartbeat" });
    await server.appliance.sendMessage({ kuids: [old.identity.kuid], type: "alert", payload: "as ever" });
    expect(await old.next("task", "message")).toMatchObject({ type: "message" });
    await drop(old);
    expect(await (await connected(old.identity)).next("task")).toMatchObject({ taskType: "alert" });
  });

  it("sends a task again to an agent that was lost before it began, and not to one that had", async () => {
    const first = await connected();
    await queue(first);
    const { id } = await first.next("task");
    await drop(first);
    const second = await connected(first.identity);
    expect(await second.next("task")).toMatchObject({ id });
    second.say({ type: "task-status", id, status: "started" });
    await until("it runs", async () => (await taskOf(second))?.state === "running");
    await drop(second);
    const third = await connected(first.identity);
    await queue(third, { type: "alert", payload: { text: "for order" } });
    expect(await third.next("task")).toMatchObject({ taskType: "alert" });
    third.say({ type: "task-status", id, status: "completed" });
    expect(await third.next("task-status-received")).toMatchObject({ id });
  });

  it("tells an agent that a task was called back", async () => {
    const agent = await connected();
    const { sourceId } = await queue(agent);
    const { id } = await agent.next("task");
    agent.say({ type: "task-status", id, status: "started" });
    await until("it runs", async () => (await taskOf(agent))?.state === "running");
    expect(await server.appliance.cancelTasks({ sourceId })).toEqual({ cancelled: 0, asked: 1 });
    expect(await agent.next("task-cancel")).toEqual({ type: "task-cancel", id });
    agent.say({ type: "task-status", id, status: "failed", note: "it was called back" });
    await agent.next("task-status-received");
    expect(await taskOf(agent)).toMatchObject({ state: "cancelled", note: "it was called back" });
  });

  it("keeps a crash report that an agent announces", async () => {
    const agent = await connected();
    const id = `crash-${agent.identity.kuid}-1`;
    agent.say({ type: "task-status", id, status: "completed", announced: "crash-upload", output: "panic: canary" });
    await agent.next("task-status-received");
    expect(await server.appliance.getTask({ id })).toMatchObject({ type: "crash-upload", output: "panic: canary" });
  });

  it("ends the connection of an agent that says more than is kept", async () => {
    const agent = await connected();
    agent.say({ type: "task-status", id: "task-1", status: "completed", output: "x".repeat(65_537) });
    expect(await agent.next("refused")).toMatchObject({ code: "malformed" });
  });
});
