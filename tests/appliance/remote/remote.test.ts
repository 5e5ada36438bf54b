import { once } from "node:events";
import { createServer as createHttp } from "node:http";
import { createServer as createHttps, type Server as HttpsServer, type ServerOptions } from "node:https";
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Appliance } from "../../../provider/appliance/appliance.ts";
import {
  createAuthority,
  issueServerCertificate,
  type KeyPair,
} from "../../../provider/appliance/certificates/issue.ts";
import { openRemote, type RemoteOptions } from "../../../provider/appliance/remote/remote.ts";
import { startTestServer, type TestServer } from "../server/running.ts";

const TIMEOUT_MS = 120_000;
const CANARY = "canary-api-token";

const opened: Appliance[] = [];
const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const appliance of opened.splice(0)) await appliance.close();
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function open(options: Partial<RemoteOptions> & { endpoint: string }): Promise<Appliance> {
  const appliance = await openRemote({ apiToken: CANARY, retryDelaysMs: [1, 1], ...options });
  opened.push(appliance);
  return appliance;
}

/** Listens on loopback until the end of the test. */
async function listening(server: Server): Promise<number> {
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return (server.address() as AddressInfo).port; // it listens on TCP
}

async function refusal(work: Promise<unknown>): Promise<Record<string, unknown>> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(String(thrown)).not.toContain(CANARY);
  if (!(thrown instanceof Error)) throw new Error("nothing was refused");
  return { ...thrown, message: thrown.message };
}

describe("a server that cannot be used is one clear sentence", { timeout: TIMEOUT_MS }, () => {
  let authority: KeyPair;
  let pair: KeyPair;
  beforeAll(async () => {
    authority = await createAuthority({ now: Date.now() });
    pair = await issueServerCertificate({ authority, names: ["localhost"], now: Date.now() });
  });

  /** An https server of the test's own that answers everything alike. */
  async function strange(status: number, headers: Record<string, string>, body: string, options: ServerOptions = {}) {
    const tls = { cert: pair.certificate, key: pair.key, ...options };
    const server: HttpsServer = createHttps(tls, (_request, response) => response.writeHead(status, headers).end(body));
    return `https://localhost:${await listening(server)}`;
  }

  it.each([
    ["http://kace.example"],
    ["kace.example:8443"],
    ["https://kace.example/path"],
    ["https://me:canary-api-token@kace.example"],
    [""],
  ])("for the endpoint %j", async (endpoint) => {
    expect(await refusal(open({ endpoint }))).toMatchObject({
      code: "invalid",
      hint: expect.stringContaining("https://"),
    });
  });

  it("where nothing listens", async () => {
    const server = createTcp();
    const port = await listening(server);
    server.close();
    await once(server, "close");
    const appliance = await open({ endpoint: `https://localhost:${port}` });
    expect(await refusal(appliance.listTokens({}))).toMatchObject({
      code: "unavailable",
      message: `https://localhost:${port}: nothing listens there`,
      hint: expect.stringContaining("kace serve"),
    });
  });

  it("where it accepts and stays silent", async () => {
    const port = await listening(createTcp());
    const appliance = await open({ endpoint: `https://localhost:${port}`, connectTimeoutMs: 100 });
    expect(await refusal(appliance.listTokens({}))).toMatchObject({
      message: expect.stringMatching(/did not answer in time/),
      hint: expect.stringMatching(/firewall/),
    });
  });

  it("where it takes a call and never answers it", async () => {
    const server = createHttps({ cert: pair.certificate, key: pair.key });
    const endpoint = `https://localhost:${await listening(server)}`;
    const appliance = await open({ endpoint, caCertificate: authority.certificate, answerTimeoutMs: 100 });
    expect(await refusal(appliance.listTokens({}))).toMatchObject({
      message: expect.stringMatching(/not answer in time/),
    });
  });

  it("where it does not speak TLS", async () => {
    const port = await listening(createHttp((_request, response) => response.end("hello")));
    const appliance = await open({ endpoint: `https://localhost:${port}` });
    expect(await refusal(appliance.listTokens({}))).toMatchObject({
      message: expect.stringMatching(/does not speak TLS/),
    });
  });

  it("where its certificate is not trusted: it names the setting", async () => {
    const appliance = await open({ endpoint: await strange(200, {}, "") });
    expect(await refusal(appliance.listTokens({}))).toMatchObject({
      message: expect.stringMatching(/not trusted/),
      hint: expect.stringContaining("`caCertificate`"),
    });
  });

  it("where its certificate is of another authority of the same kind", async () => {
    const other = await createAuthority({ now: Date.now() });
    const appliance = await open({ endpoint: await strange(200, {}, ""), caCertificate: other.certificate });
    expect(await refusal(appliance.listTokens({}))).toMatchObject({ message: expect.stringMatching(/not trusted/) });
  });

  it.each([
    ["has expired", -500 * 86_400_000, /has expired/],
    ["is not valid yet", 500 * 86_400_000, /not valid yet/],
  ])("where its certificate %s", async (_, offsetMs, message) => {
    const now = Date.now() + offsetMs;
    const old = await issueServerCertificate({ authority, names: ["localhost"], now });
    const endpoint = await strange(200, {}, "", { cert: old.certificate, key: old.key });
    const appliance = await open({ endpoint, caCertificate: authority.certificate });
    expect(await refusal(appliance.listTokens({}))).toMatchObject({ message: expect.stringMatching(message) });
  });

  it("where its certificate is for another name", async () => {
    const other = await issueServerCertificate({ authority, names: ["kace.example"], now: Date.now() });
    const endpoint = await strange(200, {}, "", { cert: other.certificate, key: other.key });
    const appliance = await open({ endpoint, caCertificate: authority.certificate });
    expect(await refusal(appliance.listTokens({}))).toMatchObject({
      message: expect.stringMatching(/for other names/),
    });
  });

  it.each([
    ["is something else", 200, {}, "<html>", "unsupported", /is no kace server/],
    [
      "stands behind a proxy that fails",
      502,
      { "kace-api-version": "1" },
      "<html>",
      "unsupported",
      /is no kace server/,
    ],
    [
      "is newer",
      200,
      { "kace-api-version": "2", "kace-version": "9.0.0" },
      "{}",
      "newer-version",
      /version 9\.0\.0\) speaks version 2/,
    ],
    ["is older", 200, { "kace-api-version": "0" }, "{}", "unsupported", /speaks version 0/],
    [
      "answers what nobody asked",
      200,
      { "kace-api-version": "1" },
      '{"x":1}',
      "unsupported",
      /answer to listTokens is not understood/,
    ],
    ["answers what is not JSON", 200, { "kace-api-version": "1" }, "{", "unsupported", /not understood/],
  ])("where what answers %s", async (_, status, headers, body, code, message) => {
    const appliance = await open({
      endpoint: await strange(status, headers, body),
      caCertificate: authority.certificate,
    });
    expect(await refusal(appliance.listTokens({}))).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it("where an answer breaks off", async () => {
    const server = createHttps({ cert: pair.certificate, key: pair.key }, (_request, response) => {
      response.writeHead(200, { "kace-api-version": "1", "content-length": "100" });
      response.write('{"tok', () => response.destroy());
    });
    const endpoint = `https://localhost:${await listening(server)}`;
    const appliance = await open({ endpoint, caCertificate: authority.certificate });
    expect(await refusal(appliance.listTokens({}))).toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/not known what was done/),
    });
  });

  it.each([
    ["a read is tried again", "listTokens", 3],
    ["a write is not", "createToken", 1],
  ] as const)("and %s when a connection breaks", async (_, operation, expected) => {
    let calls = 0;
    const server = createHttps({ cert: pair.certificate, key: pair.key }, (request) => {
      calls += 1;
      request.socket.destroy();
    });
    const endpoint = `https://localhost:${await listening(server)}`;
    const appliance = await open({ endpoint, caCertificate: authority.certificate });
    const work = operation === "listTokens" ? appliance.listTokens({}) : appliance.createToken({ name: "x" });
    expect(await refusal(work)).toMatchObject({ code: "unavailable" });
    expect(calls).toBe(expected);
  });
});

describe("a server that can be used", { timeout: TIMEOUT_MS }, () => {
  let server: TestServer;
  let apiToken: string;
  let appliance: Appliance;
  beforeAll(async () => {
    server = await startTestServer();
    apiToken = await server.apiToken("ci-7");
  }, TIMEOUT_MS);
  afterAll(() => server.remove(), TIMEOUT_MS);

  const connect = () => open({ endpoint: server.endpoint, caCertificate: server.ca, apiToken });

  it("does not accept an API token that it does not know: it names the setting", async () => {
    appliance = await open({ endpoint: server.endpoint, caCertificate: server.ca });
    expect(await refusal(appliance.listTokens({}))).toMatchObject({
      code: "unauthenticated",
      message: `${server.endpoint} does not accept the API token: the API token is not known to this server`,
      hint: expect.stringContaining("`apiToken`"),
    });
  });

  it("keeps what a client does under the name of its API token", async () => {
    appliance = await connect();
    await appliance.createToken({ name: "from afar" });
    expect((await server.appliance.listHistory({})).entries[0]).toMatchObject({
      who: "token ci-7",
      subjectName: "from afar",
    });
  });

  it("says of itself that it runs", async () => {
    appliance = await connect();
    expect(await appliance.serverStatus({})).toMatchObject({ running: true, port: server.port, name: "localhost" });
  });

  it("takes outcomes in parts where they are too many for one request", async () => {
    appliance = await connect();
    const { id } = await appliance.saveConfiguration({
      id: "provisioning-1",
      name: "berlin",
      description: { targets: "" },
    });
    const { runId } = await appliance.startRun({ configurationId: id, kind: "up", holder: "test" });
    const log = "x".repeat(65_000);
    const outcomes = Array.from({ length: 600 }, (_, index) => ({
      machine: `web${index}`,
      target: `web${index}`,
      action: "install",
      class: "succeeded" as const,
      code: "installed",
      message: "installed",
      durationMs: 1,
      log,
    }));
    expect(await appliance.recordOutcomes({ runId, outcomes })).toEqual({ recorded: 600 });
    const last = await appliance.outcomeLog({ configurationId: id, machine: "web599" });
    expect(last?.log).toBe(log);
  });

  it("serves many calls at once over few connections, and nothing piles up on these", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    try {
      appliance = await connect();
      const answers = await Promise.all(Array.from({ length: 200 }, () => appliance.serverStatus({})));
      expect(answers.every(({ running }) => running)).toBe(true);
      await new Promise((resolve) => setImmediate(resolve)); // warnings come a turn later
      expect(warnings).toEqual([]);
    } finally {
      process.off("warning", onWarning);
    }
  });

  it("is not needed any more once it is closed, also twice", async () => {
    appliance = await connect();
    await appliance.serverStatus({});
    await appliance.close();
    await appliance.close();
    expect(await refusal(appliance.serverStatus({}))).toMatchObject({ message: "the appliance has been closed" });
  });
});
