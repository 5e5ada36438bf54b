import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GREETING_LIMITS } from "../../../provider/appliance/server/greeting.ts";
import { TestAgent } from "./agent.ts";
import { startTestServer, type TestServer } from "./running.ts";

const TIMEOUT_MS = 180_000;

describe("while somebody means ill", { timeout: TIMEOUT_MS }, () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  }, TIMEOUT_MS);
  afterEach(() => server.remove(), TIMEOUT_MS);

  it("with 10,000 half-open connections, agents and clients are served", async () => {
    const holder = spawn(
      process.execPath,
      [fileURLToPath(new URL("./hold-connections.ts", import.meta.url)), String(server.port), "10000"],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    try {
      const { agent: before } = await TestAgent.enrol({ port: server.port, ca: server.ca });
      const [line] = await once(holder.stdout, "data");
      const { tried, opened } = JSON.parse(String(line));
      expect(opened).toBe(tried);
      const { agent, answer } = await TestAgent.enrol({ port: server.port, ca: server.ca });
      expect(answer).toMatchObject({ type: "welcome" });
      before.say({ type: "heartbeat" });
      await before.next("heartbeat");
      agent.socket.terminate();
      before.socket.terminate();
    } finally {
      holder.stdin.end();
      if (holder.exitCode === null) await once(holder, "exit");
    }
  });

  it("with a message of 1 GB, it is dropped long before its end, and others are served", async () => {
    const { agent: bystander } = await TestAgent.enrol({ port: server.port, ca: server.ca });
    const socket = await upgraded();
    const header = Buffer.alloc(14);
    header.writeUInt8(0x81, 0); // a whole text message
    header.writeUInt8(0xff, 1); // masked, its length in the 8 bytes that follow (RFC 6455, 5.2)
    header.writeBigUInt64BE(1n << 30n, 2);
    let broken = false;
    const ended = new Promise<void>((resolve) => {
      socket.once("close", () => {
        broken = true;
        resolve();
      });
    });
    socket.on("error", () => socket.destroy());
    socket.write(header);
    let sentBytes = 0;
    const chunk = Buffer.alloc(1024 * 1024);
    while (!broken && sentBytes < 1 << 30) {
      await new Promise<void>((resolve) => socket.write(chunk, () => resolve()));
      sentBytes += chunk.length;
      // The server may have read and dropped what was under way, but not a whole message.
      if (sentBytes >= 512 * chunk.length) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await ended;
    expect(sentBytes).toBeLessThan(512 * chunk.length);
    bystander.say({ type: "heartbeat" });
    await bystander.next("heartbeat");
    bystander.socket.terminate();
  });

  it.each([
    ["rubbish instead of TLS", "GET / HTTP/1.1\r\n\r\n"],
    ["nothing but noise", "\u0000\u0001\u0002\u0003".repeat(100)],
  ])("with %s, that connection only is closed", async (_, text) => {
    const socket = connect({ port: server.port, host: "127.0.0.1" });
    socket.on("error", () => socket.destroy());
    socket.write(text);
    socket.resume();
    await once(socket, "close");
    const { answer, agent } = await TestAgent.enrol({ port: server.port, ca: server.ca });
    expect(answer).toMatchObject({ type: "welcome" });
    agent.socket.terminate();
  });

  it("with an upgrade to elsewhere, it is refused", async () => {
    const socket = await secure();
    socket.write("GET /elsewhere HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 404 /);
  });

  async function secure(): Promise<TLSSocket> {
    const socket = connectTls({ port: server.port, host: "127.0.0.1", ca: server.ca });
    await once(socket, "secureConnect");
    return socket;
  }

  /** A WebSocket whose frames the test writes itself. */
  async function upgraded(): Promise<TLSSocket> {
    const socket = await secure();
    socket.write(
      `GET /agent/v1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}\r\n\r\n`,
    );
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 101 /);
    return socket.resume();
  }
});

async function textOf(socket: TLSSocket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += chunk;
  return text;
}

describe("connections that never say who they are", { timeout: TIMEOUT_MS }, () => {
  it("are closed when their time is over; agents that did stay", async () => {
    let clockMs = 0;
    const server = await startTestServer({ monotonicMs: () => clockMs });
    try {
      const { agent } = await TestAgent.enrol({ port: server.port, ca: server.ca });
      const socket = connectTls({ port: server.port, host: "127.0.0.1", ca: server.ca });
      socket.on("error", () => socket.destroy());
      await once(socket, "secureConnect");
      clockMs = GREETING_LIMITS.withinMs;
      await once(socket.resume(), "close");
      agent.say({ type: "heartbeat" });
      await agent.next("heartbeat");
      agent.socket.terminate();
    } finally {
      await server.remove();
    }
  });
});
