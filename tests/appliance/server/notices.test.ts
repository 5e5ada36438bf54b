import { request } from "node:https";
import { afterEach, describe, expect, it } from "vitest";
import { Notices } from "../../../provider/appliance/server/notices.ts";
import { newIdentity, TestAgent } from "./agent.ts";
import { startTestServer, type TestServer } from "./running.ts";

const TIMEOUT_MS = 120_000;

const running: TestServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.remove();
}, TIMEOUT_MS);

async function start(): Promise<TestServer> {
  const server = await startTestServer();
  running.push(server);
  return server;
}

/** The status of a call with a token that may be any. */
function call({ port, ca }: TestServer, token: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const path = "/api/v1/listTokens";
    const outgoing = request({ host: "localhost", port, ca, method: "POST", path, headers, agent: false }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
    });
    outgoing.on("error", reject);
    outgoing.end("{}");
  });
}

describe("what happens at the doors of a server", { timeout: TIMEOUT_MS }, () => {
  it("is in its log: who enrols, who waits in quarantine with the command that lets it in, each once", async () => {
    const server = await start();
    const { value: token } = await server.appliance.createToken({ name: "fleet" });
    const [known, stranger] = [newIdentity(), newIdentity()];
    for (let times = 0; times < 2; times++) {
      const first = await TestAgent.enrol({ ...server, identity: known, token });
      const second = await TestAgent.enrol({ ...server, identity: stranger });
      first.agent.socket.close();
      second.agent.socket.close();
      await Promise.all([first.agent.closed, second.agent.closed]);
    }
    expect(server.lines).toEqual([
      `web01 (127.0.0.1) has enrolled as device ${known.kuid} of organization default`,
      `web01 (127.0.0.1) waits in quarantine as device ${stranger.kuid} (no-token): \`kace quarantine approve ${stranger.kuid}\` lets it in`,
    ]);
  });

  it("is in its log: agents and calls of the API that are refused, the same ones once", async () => {
    const server = await start();
    for (let times = 0; times < 2; times++) {
      const { agent } = await TestAgent.enrol({ ...server, signsFor: "elsewhere:1" });
      await agent.closed;
      expect(await call(server, "kace_guess")).toBe(401);
    }
    expect(await call(server, await server.apiToken())).toBe(200);
    expect(server.lines).toEqual([
      expect.stringMatching(/^refused an agent from 127\.0\.0\.1: the hello is not signed by its key for /),
      "refused a call of the API from 127.0.0.1: the API token is not known to this server",
    ]);
  });

  it("is no line of its own by a host name that holds one", async () => {
    const server = await start();
    const agent = await TestAgent.connect(server);
    await agent.hello({ hostname: "web01\nstopped" });
    expect(server.lines).toEqual([expect.stringMatching(/^web01 stopped \(127\.0\.0\.1\) waits in quarantine /)]);
  });
});

describe("notices of which thousands come at once", () => {
  it("are ten a minute of each kind, and how many more there were", () => {
    let now = 0;
    const lines: string[] = [];
    const notices = new Notices(
      (line) => lines.push(line),
      () => now,
    );
    for (let number = 0; number < 10_000; number++) notices.say("devices enrolled", `web${number} has enrolled`);
    notices.say("agents refused", "refused an agent");
    expect(lines).toEqual([
      ...Array.from({ length: 10 }, (_, number) => `web${number} has enrolled`),
      "refused an agent",
    ]);
    now = 59_999;
    notices.sweep();
    expect(lines).toHaveLength(11);
    now = 60_000;
    notices.sweep();
    notices.sweep();
    expect(lines.slice(11)).toEqual(["devices enrolled: 9990 more within a minute"]);
    notices.say("agents refused", "refused an agent");
    expect(lines).toHaveLength(12);
    now += 60 * 60_000;
    notices.say("agents refused", "refused an agent");
    expect(lines.slice(12)).toEqual(["refused an agent"]);
  });
});
