import { createHash } from "node:crypto";
import { once } from "node:events";
import { request } from "node:https";
import tls from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { operationNames } from "../../../provider/appliance/operations/table.ts";
import { openRemote } from "../../../provider/appliance/remote/remote.ts";
import type { AnsweredCall } from "../../../provider/appliance/server/api.ts";
import type { ServerOptions } from "../../../provider/appliance/server/server.ts";
import { TestAgent } from "./agent.ts";
import { startTestServer, type TestServer, until } from "./running.ts";

const TIMEOUT_MS = 120_000;
const DAY_MS = 86_400_000;

const running: TestServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.remove();
}, TIMEOUT_MS);

async function start(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const server = await startTestServer(options);
  running.push(server);
  return server;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

async function call(
  server: TestServer,
  method: string,
  path: string,
  token?: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const outgoing = request({
    host: "localhost",
    port: server.port,
    ca: server.ca,
    method,
    path,
    headers: { ...authorization, ...headers },
    agent: false,
  });
  outgoing.end(method === "POST" ? "{}" : undefined);
  const incoming = await Promise.race([once(outgoing, "response"), once(outgoing, "upgrade")]).then(
    ([answer]) => answer,
  );
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return { status: incoming.statusCode, headers: incoming.headers, body: Buffer.concat(chunks).toString() };
}

const listTokens = "/api/v1/listTokens";

describe("who asks too often", { timeout: TIMEOUT_MS }, () => {
  it("with an API token is told when to come again, and others are answered", async () => {
    let nowMs = 0;
    const server = await start({ limits: { callsPerToken: { burst: 2, perSecond: 0.5 } }, monotonicMs: () => nowMs });
    const [eager, other] = [await server.apiToken("eager"), await server.apiToken("other")];
    expect((await call(server, "POST", listTokens, eager)).status).toBe(200);
    expect((await call(server, "POST", listTokens, eager)).status).toBe(200);
    const refused = await call(server, "POST", listTokens, eager);
    expect(refused.status).toBe(429);
    expect(refused.headers["retry-after"]).toBe("2");
    expect(JSON.parse(refused.body)).toEqual({
      error: {
        code: "too-many-requests",
        message: 'the API token "eager" asks too often',
        hint: "ask again in 2 s",
        retryAfterSeconds: 2,
      },
    });
    expect((await call(server, "POST", listTokens, other)).status).toBe(200);
    nowMs += 2_000;
    expect((await call(server, "POST", listTokens, eager)).status).toBe(200);
  });

  it("without a good token is put off, while a good one of the same address is accepted", async () => {
    const server = await start({
      limits: { failedLogInsPerAddress: { burst: 2, perSecond: 0.1 } },
      monotonicMs: () => 0,
    });
    const good = await server.apiToken();
    expect((await call(server, "POST", listTokens, "kace_guess-1")).status).toBe(401);
    expect((await call(server, "POST", listTokens)).status).toBe(401);
    const refused = await call(server, "POST", listTokens, "kace_guess-2");
    expect(refused.status).toBe(429);
    expect(refused.headers).toMatchObject({ "retry-after": "10", connection: "close" });
    expect((await call(server, "POST", listTokens, good)).status).toBe(200);
  });

  it("without any token, of the API's description, is put off as one is without a good token", async () => {
    const server = await start({
      limits: { failedLogInsPerAddress: { burst: 2, perSecond: 0.1 } },
      monotonicMs: () => 0,
    });
    expect((await call(server, "GET", "/api/v1/")).status).toBe(200);
    expect((await call(server, "GET", "/api/v1/openapi.json")).status).toBe(200);
    for (const path of ["/api/v1/", "/api/v1/openapi.json"]) {
      const { status, headers, body } = await call(server, "GET", path);
      expect(status).toBe(429);
      expect(headers).toMatchObject({ "retry-after": "10", connection: "close" });
      expect(JSON.parse(body)).toMatchObject({ error: { code: "too-many-requests" } });
    }
    expect((await call(server, "POST", listTokens)).status).toBe(429);
    expect((await call(server, "GET", "/healthz")).status).toBe(200);
  });

  it("is waited for by the client as it is told, and only so long", async () => {
    let asked = 0;
    // The clock goes on with each look at it: how long the client really waits does not matter here.
    const server = await start({
      limits: { callsPerToken: { burst: 1, perSecond: 10 } },
      monotonicMs: () => asked++ * 5,
    });
    const options = { endpoint: server.endpoint, apiToken: await server.apiToken(), caCertificate: server.ca };
    const patient = await openRemote(options);
    for (let number = 0; number < 3; number++) await patient.createToken({ name: `token ${number}` });
    expect((await patient.listTokens({})).tokens).toHaveLength(3);
    await patient.close();
    const impatient = await openRemote({ ...options, maxWaitMs: 0 });
    const calls = Array.from({ length: 20 }, () => impatient.listTokens({}));
    const refused = (await Promise.allSettled(calls)).find(({ status }) => status === "rejected");
    expect(refused).toMatchObject({ reason: { code: "too-many-requests", retryAfterSeconds: 1 } });
    await impatient.close();
  });

  it("is waited for by an upload too, whose content is read once only", async () => {
    const server = await start({ limits: { callsPerToken: { burst: 1, perSecond: 1 } } });
    const options = { endpoint: server.endpoint, apiToken: await server.apiToken(), caCertificate: server.ca };
    const appliance = await openRemote(options);
    const content = Buffer.alloc(3_000_000, "package ");
    let reads = 0;
    async function* read(): AsyncGenerator<Uint8Array> {
      reads += 1;
      for (let offset = 0; offset < content.length; offset += 65_536) yield content.subarray(offset, offset + 65_536);
    }
    const sha256 = createHash("sha256").update(content).digest("hex");
    await appliance.putPackage(sha256, content.length, read());
    expect(reads).toBe(1);
    expect(await server.appliance.hasPackage({ sha256 })).toMatchObject({ present: true, sizeBytes: content.length });
    await appliance.close();
  });

  it("to say hello as an agent is refused before anything is done for it", async () => {
    const server = await start({ limits: { hellosPerAddress: { burst: 1, perSecond: 0.01 } }, monotonicMs: () => 0 });
    const { agent, answer } = await TestAgent.enrol({ port: server.port, ca: server.ca });
    expect(answer).toMatchObject({ type: "welcome" });
    const refused = await call(server, "GET", "/agent/v1", undefined, {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
      "sec-websocket-version": "13",
    });
    expect(refused.status).toBe(429);
    expect(refused.headers["retry-after"]).toBe("100");
    agent.socket.terminate();
  });
});

describe("who looks after a server", { timeout: TIMEOUT_MS }, () => {
  it("gets its numbers in the form of Prometheus, with a token", async () => {
    const server = await start({ limits: { callsPerToken: { burst: 4, perSecond: 0.001 } }, monotonicMs: () => 0 });
    const token = await server.apiToken();
    const { agent } = await TestAgent.enrol({ port: server.port, ca: server.ca });
    expect((await call(server, "GET", "/metrics")).status).toBe(401);
    await call(server, "POST", listTokens, token);
    await call(server, "POST", "/api/v1/getToken", token);
    await call(server, "POST", listTokens, token);
    const { status, headers, body } = await call(server, "GET", "/metrics", token);
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(body).toContain("\nkace_connected_agents 1\n");
    expect(body).toContain('\nkace_devices{organization="default",state="quarantined"} 1\n');
    expect(body).toContain('\nkace_api_calls_total{operation="listTokens",result="ok"} 2\n');
    expect(body).toContain('\nkace_api_calls_total{operation="getToken",result="invalid"} 1\n');
    expect((await call(server, "POST", listTokens, token)).status).toBe(429);
    // Every line is a comment, or a name, labels and a number; each metric says its type once, before its values.
    const lines = body.trimEnd().split("\n");
    for (const line of lines) expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"\n]*",?)+\})? -?[\d.e+]+)$/);
    const types = lines.flatMap((line) => /^# TYPE (\w+)/.exec(line)?.[1] ?? []);
    expect(types).toEqual([...new Set(types)]);
    agent.socket.terminate();
  });

  it("hears of every call: which operation, by whom, from where, and what came of it", async () => {
    const calls: AnsweredCall[] = [];
    const server = await start({ onCall: (answered) => calls.push(answered) });
    const token = await server.apiToken("ci-7");
    await call(server, "POST", listTokens, token);
    await call(server, "POST", "/api/v1/getToken", token);
    const from = { who: "ci-7", address: "127.0.0.1" };
    expect(calls).toEqual([
      { operation: "listTokens", result: "ok", ...from },
      { operation: "getToken", result: "invalid", ...from },
    ]);
  });

  it("hears of calls that are refused at the door, and finds them in the numbers: who guesses leaves a trace", async () => {
    const calls: AnsweredCall[] = [];
    const server = await start({
      limits: {
        callsPerToken: { burst: 2, perSecond: 0.001 },
        failedLogInsPerAddress: { burst: 2, perSecond: 0.001 },
      },
      monotonicMs: () => 0,
      onCall: (answered) => calls.push(answered),
    });
    const [token, other] = [await server.apiToken("ci-7"), await server.apiToken("ci-8")];
    const aPackage = `/api/v1/packages/${"0".repeat(64)}`;
    expect((await call(server, "POST", listTokens, "kace_guess-1")).status).toBe(401);
    expect((await call(server, "PUT", aPackage)).status).toBe(401);
    expect((await call(server, "POST", "/api/v1/kace_guess-2", "kace_guess-2")).status).toBe(429);
    expect((await call(server, "GET", "/metrics")).status).toBe(429);
    await call(server, "POST", listTokens, token, { "kace-api-version": "2" });
    await call(server, "POST", listTokens, token);
    await call(server, "POST", "/api/v1/list%54okens", token);
    expect((await call(server, "POST", listTokens, token)).status).toBe(429);
    const from = { address: "127.0.0.1" };
    expect(calls).toEqual([
      { operation: "listTokens", result: "unauthenticated", ...from },
      { operation: "putPackage", result: "unauthenticated", ...from },
      { operation: "unknown", result: "too-many-requests", ...from },
      { operation: "metrics", result: "too-many-requests", ...from },
      { operation: "listTokens", result: "unsupported", ...from },
      { operation: "listTokens", who: "ci-7", result: "ok", ...from },
      { operation: "listTokens", who: "ci-7", result: "ok", ...from },
      { operation: "listTokens", who: "ci-7", result: "too-many-requests", ...from },
    ]);
    const { body } = await call(server, "GET", "/metrics", other);
    expect(body).toContain('\nkace_api_calls_total{operation="listTokens",result="unauthenticated"} 1\n');
    expect(body).toContain('\nkace_api_calls_total{operation="listTokens",result="too-many-requests"} 1\n');
    expect(body).not.toContain("kace_guess");
  });

  it("hears of what is no operation as refused, and of who hangs up in the middle without a trace of the program", async () => {
    const calls: AnsweredCall[] = [];
    const server = await start({ onCall: (answered) => calls.push(answered) });
    const token = await server.apiToken("ci-7");
    expect((await call(server, "GET", listTokens, token)).status).toBe(501);
    const headers = { authorization: `Bearer ${token}`, "content-length": "100" };
    const to = { host: "localhost", port: server.port, ca: server.ca, agent: false };
    const outgoing = request({ ...to, method: "POST", path: listTokens, headers });
    outgoing.on("error", () => undefined); // it is this side that hangs up
    await new Promise((resolve) => outgoing.write("{", resolve));
    await until(
      "the server reads the body",
      async () => (await server.appliance.listApiTokens({})).apiTokens[0]?.lastUsedAt !== undefined,
    );
    outgoing.destroy();
    await until("the server hears that", () => calls.length === 2);
    const from = { who: "ci-7", address: "127.0.0.1" };
    expect(calls).toEqual([
      { operation: "listTokens", result: "unsupported", ...from },
      { operation: "listTokens", result: "unavailable", ...from },
    ]);
    expect(server.lines).toEqual([]);
  });

  it("finds a page of the API on it that loads nothing from elsewhere, with every operation and its role", async () => {
    const server = await start();
    const { status, headers, body } = await call(server, "GET", "/api/v1/");
    expect(status).toBe(200);
    expect(headers["content-type"]).toMatch(/^text\/html/);
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    for (const name of operationNames) expect(body).toContain(`<section id="${name}">`);
    expect(body).toMatch(
      /createOrganization<\/h2>\s*<p><code>POST \/api\/v1\/createOrganization<\/code> <span class="who">needs the role admin, of all organizations/,
    );
    expect(body).not.toMatch(/<script|\ssrc=|https?:\/\//);
  });

  it.each(["/api/v1/", "/api/v1/openapi.json"])("finds %s made once, however often it is asked for", async (path) => {
    const server = await start();
    const first = await call(server, "GET", path);
    const texts = vi.spyOn(JSON, "stringify");
    try {
      const second = await call(server, "GET", path);
      expect(second.body).toBe(first.body);
      // Other things of the server may be written as JSON meanwhile, but nothing as long as its description.
      const longest = Math.max(0, ...texts.mock.results.map(({ value }) => String(value).length));
      expect(longest).toBeLessThan(10_000);
    } finally {
      texts.mockRestore();
    }
  });
});

describe("the encryption of a server", { timeout: TIMEOUT_MS }, () => {
  // A machine that lets old versions be spoken, so that it is the server itself that refuses them.
  const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls;
  beforeAll(() => {
    tls.DEFAULT_MIN_VERSION = "TLSv1";
    tls.DEFAULT_CIPHERS = "DEFAULT:@SECLEVEL=0";
  });
  afterAll(() => {
    tls.DEFAULT_MIN_VERSION = DEFAULT_MIN_VERSION;
    tls.DEFAULT_CIPHERS = DEFAULT_CIPHERS;
  });

  /** What a client hears that speaks one version only. */
  async function greet(server: TestServer, version: tls.SecureVersion): Promise<string> {
    const options = { host: "localhost", port: server.port, ca: server.ca };
    const socket = tls.connect({ ...options, minVersion: version, maxVersion: version });
    const outcome = await new Promise<string>((resolve) => {
      socket.once("secureConnect", () => resolve(`speaks ${socket.getProtocol()}`));
      socket.once("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    });
    socket.destroy();
    return outcome;
  }

  it.each([
    ["TLSv1.2", true],
    ["TLSv1.3", true],
    ["TLSv1.1", false],
    ["TLSv1", false],
  ] as const)("%s: spoken is %s, before its certificate is renewed and after", async (version, isSpoken) => {
    const expected = isSpoken ? `speaks ${version}` : /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|ECONNRESET/;
    let now = Date.now() - 370 * DAY_MS;
    const server = await start({ now: () => now, limits: { certificateEveryMs: 20 } });
    expect(await greet(server, version)).toMatch(expected);
    now = Date.now();
    await until("the certificate is renewed", () => server.lines.some((line) => /certificate is a new one/.test(line)));
    expect(await greet(server, version)).toMatch(expected);
  });
});
