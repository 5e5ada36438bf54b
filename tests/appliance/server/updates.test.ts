import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAgent } from "./agent.ts";
import { inOtherProcess, startTestServer, type TestServer, until } from "./running.ts";

const TIMEOUT_MS = 240_000;

let server: TestServer;
const agents: TestAgent[] = [];

beforeAll(async () => {
  server = await startTestServer({ limits: { changesEveryMs: 50 } });
}, TIMEOUT_MS);
afterAll(async () => {
  for (const agent of agents) agent.socket.terminate();
  await server.remove();
}, TIMEOUT_MS);

async function load(version: string): Promise<string> {
  const bytes = Buffer.from(`package ${version}`);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  async function* stream() {
    yield bytes;
  }
  await server.appliance.putPackage(sha256, bytes.length, stream());
  const fileName = `kace-reference-agent_${version}_amd64.deb`;
  const file = { fileName, platform: "linux", architecture: "amd64", format: "deb", version };
  await server.appliance.saveBundle({
    name: `agents ${version}`,
    version,
    flavour: "reference",
    packages: [{ ...file, sha256, sizeBytes: bytes.length }],
  });
  return sha256;
}

async function connected(agentVersion: string, identity?: TestAgent["identity"]): Promise<TestAgent> {
  const { value } = await server.appliance.createToken({ name: `token ${agents.length}` });
  const agent = await TestAgent.connect({
    port: server.port,
    ca: server.ca,
    ...(identity !== undefined && { identity }),
  });
  agents.push(agent);
  const answer = await agent.hello({ token: value, agentVersion, can: ["tasks", "self-update"] });
  expect(answer).toMatchObject({ type: "welcome" });
  return agent;
}

const policy = () => server.appliance.getUpdatePolicy({});

describe("a server with an update policy", { timeout: TIMEOUT_MS }, () => {
  it("updates agents that are there and agents that come, once each, and stops when too many fail", async () => {
    const sha256 = await load("1.5.0");
    const first = await connected("1.4.2");
    await inOtherProcess(server.folder, "saveUpdatePolicy", { enabled: true, allMachines: true, maxFailures: 0 });
    const { id, taskType, payload } = await first.next("task");
    expect({ taskType, payload }).toMatchObject({
      taskType: "self-update",
      payload: { version: "1.5.0", sha256, format: "deb" },
    });
    first.say({ type: "task-status", id, status: "started" });

    // The agent ends with its version, the new one says hello before the task's end is told.
    first.socket.terminate();
    await first.closed;
    const renewed = await connected("1.5.0", first.identity);
    renewed.say({ type: "task-status", id, status: "completed" });
    await until("the machine counts as right", async () => {
      const { counts } = await server.appliance.planUpdates({});
      return counts.right === 1 && counts.updating === 0;
    });

    const second = await connected("1.4.2");
    const task = await second.next("task");
    second.say({ type: "task-status", id: task.id, status: "started" });
    second.say({ type: "task-status", id: task.id, status: "failed", note: "the new agent was not welcomed" });
    await until("the policy is on hold", async () => (await policy()).held !== undefined);
    expect((await policy()).held?.reason).toBe("1 update failed, and 0 of 2 machines may");
    await until("the log says so", () => server.lines.some((line) => line.includes("is on hold: 1 update failed")));
    const { machines } = await server.appliance.planUpdates({});
    expect(machines.find(({ kuid }) => kuid === second.identity.kuid)).toMatchObject({
      verdict: "refused",
      code: "failed-before",
      reason: expect.stringContaining("the new agent was not welcomed"),
    });
    const { tasks } = await server.appliance.listTasks({ types: ["self-update"] });
    expect(tasks.map(({ state }) => state).sort()).toEqual(["completed", "failed"]);
  });
});
