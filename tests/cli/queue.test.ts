import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runKace } from "../../provider/cli/program.ts";
import type { ExitCode } from "../../provider/cli/session.ts";
import { TestAgent } from "../appliance/server/agent.ts";
import { startTestServer, type TestServer, until } from "../appliance/server/running.ts";

const TIMEOUT_MS = 240_000;

let server: TestServer;
let agent: TestAgent;

beforeEach(async () => {
  server = await startTestServer({ limits: { changesEveryMs: 50 } });
  const { value } = await server.appliance.createToken({ name: "t" });
  ({ agent } = await TestAgent.enrol({ port: server.port, ca: server.ca, token: value }));
}, TIMEOUT_MS);
afterEach(async () => {
  agent.socket.terminate();
  await server.remove();
}, TIMEOUT_MS);

/** Runs `kace` on the server's store, as somebody on its machine does. */
async function kace(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const exitCode = await runKace(["--database", server.folder, ...args], {
    terminal: { out: (text) => void out.push(text), err: (text) => void err.push(text) },
    environment: {},
    signal: new AbortController().signal,
  });
  return { exitCode, out: out.join("\n"), err: err.join("\n") };
}

async function offline(): Promise<void> {
  agent.socket.terminate();
  const { kuid } = agent.identity;
  await until("the agent is gone", async () => !(await server.appliance.getDevice({ kuid })).connected);
}

describe("the commands about messages", { timeout: TIMEOUT_MS }, () => {
  it("let an agent check in now, and show what became of it", async () => {
    expect(await kace("checkin", "web01")).toEqual({ exitCode: 0, out: "", err: "asked 1 agent to check in" });
    const { messageId } = await agent.next("check-in");
    agent.say({ type: "message-status", id: messageId, status: "completed" });
    await until("it is done", async () => / completed$/m.test((await kace("queue", "list")).out));
    expect((await kace("checkin", "--all")).exitCode).toBe(0);
    await agent.next("check-in");
  });

  it("say who cannot check in, because he is not connected, and why nobody was asked", async () => {
    await offline();
    expect(await kace("checkin", "web01")).toMatchObject({
      exitCode: 3,
      err: expect.stringMatching(/asked 0 agents to check in\nnot connected: web01; `kace diagnose web01`/),
    });
    const cases: readonly (readonly [readonly string[], ExitCode, string])[] = [
      [["checkin", "--all"], 1, "kace: no agent is connected\n"],
      [["checkin", "web99"], 2, "there is no device web99"],
    ];
    for (const [args, exitCode, message] of cases)
      expect(await kace(...args)).toMatchObject({ exitCode, err: expect.stringContaining(message) });
    expect(await kace("alert", "send", " ", "--all")).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("expected the text of the alert"),
    });
    expect((await kace("alert", "send", "x", "--all", "--expires", "soon")).exitCode).toBe(2);
  });

  it("send alerts, which wait for machines that are not connected, and take them back", async () => {
    await offline();
    const sent = await kace("alert", "send", "maintenance at six", "--machine", "web01", "--expires", "8h");
    expect(sent).toMatchObject({ exitCode: 0, err: "an alert for 1 machine is in the queue" });
    const listed = await kace("--json", "queue", "list", "--machine", "web01");
    const [message] = JSON.parse(listed.out);
    expect(message).toMatchObject({
      machine: "web01",
      type: "alert",
      payload: "maintenance at six",
      status: "pending",
    });
    expect(Date.parse(message.expiresAt) - Date.parse(message.createdAt)).toBe(8 * 3_600_000);
    expect(await kace("queue", "delete", message.id)).toMatchObject({ exitCode: 0, err: "took 1 message out" });
    expect(await kace("queue", "list")).toEqual({ exitCode: 0, out: "", err: "the queue is empty" });
    const many = Array.from({ length: 1_001 }, (_, index) => `message-${index}`);
    expect(await kace("queue", "delete", ...many)).toMatchObject({
      exitCode: 2,
      err: "took 0 messages out\n1001 of these are not in it: `kace queue list` shows what is",
    });
    expect(await kace("queue", "delete", message.id)).toMatchObject({
      exitCode: 2,
      err: "took 0 messages out\n1 of these is not in it: `kace queue list` shows what is",
    });
  });
});
