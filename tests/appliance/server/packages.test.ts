import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAgent } from "./agent.ts";
import { startTestServer, type TestServer } from "./running.ts";

const TIMEOUT_MS = 240_000;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ limits: { changesEveryMs: 50 } });
}, TIMEOUT_MS);
afterAll(() => server.remove(), TIMEOUT_MS);

async function* once(content: Buffer): AsyncGenerator<Uint8Array> {
  yield content;
}

describe("the packages that a server hands out", { timeout: TIMEOUT_MS }, () => {
  it("go over the agent's own connection, one part for each request, while its update runs", async () => {
    const content = randomBytes(200_000);
    const sha256 = createHash("sha256").update(content).digest("hex");
    await server.appliance.putPackage(sha256, content.length, once(content));
    const { value: token } = await server.appliance.createToken({ name: "agents" });
    const agent = await TestAgent.connect({ port: server.port, ca: server.ca });
    await agent.hello({ token, can: ["tasks", "self-update"] });
    await server.appliance.queueTasks({
      kuids: [agent.identity.kuid],
      type: "self-update",
      payload: {
        version: "1.5.0",
        sha256,
        sizeBytes: content.length,
        format: "deb",
        fileName: "agent.deb",
        confirmSeconds: 60,
      },
    });
    const { id } = await agent.next("task");
    agent.say({ type: "task-status", id, status: "started" });
    const parts: Buffer[] = [];
    for (let offset = 0; offset < content.length; ) {
      agent.say({ type: "package-request", taskId: id, sha256, offset });
      const part = await agent.next("package-part", "package-refused");
      expect(part).toMatchObject({ type: "package-part", taskId: id, sha256, offset, sizeBytes: content.length });
      const bytes = Buffer.from(String(part.data), "base64");
      parts.push(bytes);
      offset += bytes.length;
    }
    expect(Buffer.concat(parts)).toEqual(content);
    agent.say({ type: "package-request", taskId: "another", sha256, offset: 0 });
    expect(await agent.next("package-refused")).toMatchObject({ taskId: "another", sha256, code: "permission-denied" });
    agent.socket.terminate();
  });

  it("are not for agents that are not approved", async () => {
    const agent = await TestAgent.connect({ port: server.port, ca: server.ca });
    expect(await agent.hello()).toMatchObject({ state: "quarantined" });
    agent.say({ type: "package-request", taskId: "another", sha256: "a".repeat(64), offset: 0 });
    agent.say({ type: "heartbeat" });
    // Answers come in order: the one to the request would have come first.
    expect((await agent.next("package-part", "package-refused", "heartbeat")).type).toBe("heartbeat");
    agent.socket.terminate();
  });
});
