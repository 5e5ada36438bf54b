import { createHash } from "node:crypto";
import { once } from "node:events";
import { request } from "node:https";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { ApplianceError } from "../../../provider/appliance/errors.ts";
import { ERROR_STATUS } from "../../../provider/appliance/http.ts";
import { operationNames } from "../../../provider/appliance/operations/table.ts";
import { openApiDocument, schemaOf } from "../../../provider/appliance/server/openapi.ts";
import { startTestServer, type TestServer, until } from "./running.ts";

const TIMEOUT_MS = 120_000;

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startTestServer({ limits: { bodyBytes: 10_000 } });
  token = await server.apiToken("ci-7");
}, TIMEOUT_MS);
afterAll(() => server.remove(), TIMEOUT_MS);

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

async function call(
  method: string,
  path: string,
  options: { headers?: Record<string, string>; body?: string | Buffer; to?: TestServer } = {},
): Promise<Answer> {
  const { headers = {}, body, to = server } = options;
  const outgoing = request({ host: "localhost", port: to.port, ca: to.ca, method, path, headers, agent: false });
  outgoing.end(body);
  const [incoming] = await once(outgoing, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return { status: incoming.statusCode, headers: incoming.headers, body: Buffer.concat(chunks).toString() };
}

/** All patterns of strings in a JSON Schema, or in a document with some. */
function patternsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "pattern" && typeof inner === "string" ? [inner] : patternsIn(inner),
  );
}

/** Calls an operation with a body whose length is not said; one that the server should not read to its end is not ended. */
async function callInChunks(path: string, chunks: readonly string[]): Promise<Answer> {
  const headers = { ...authorized(), "transfer-encoding": "chunked" };
  const outgoing = request({
    host: "localhost",
    port: server.port,
    ca: server.ca,
    method: "POST",
    path,
    headers,
    agent: false,
  });
  for (const chunk of chunks) outgoing.write(Buffer.from(chunk, "latin1"));
  const isTooLarge = chunks.join("").length > 10_000;
  if (!isTooLarge) outgoing.end();
  const [incoming] = await once(outgoing, "response");
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part);
  outgoing.destroy();
  return { status: incoming.statusCode, headers: incoming.headers, body: Buffer.concat(parts).toString() };
}

const authorized = () => ({ authorization: `Bearer ${token}` });
const sha256Of = (content: Buffer) => createHash("sha256").update(content).digest("hex");

describe("the API", { timeout: TIMEOUT_MS }, () => {
  it("says that it is well, and which version it is, to everybody", async () => {
    const { status, headers, body } = await call("GET", "/healthz");
    expect(status).toBe(200);
    expect(headers).toMatchObject({ "kace-api-version": "1", connection: "close" });
    expect(JSON.parse(body)).toEqual({ status: "ok", version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });

  it("says that it is not well while it cannot write to its database, and that it is again", async () => {
    let fault: Error | undefined;
    const ill = await startTestServer({ limits: { publishEveryMs: 20 } }, (appliance) => ({
      ...appliance,
      publishServer: async (input) => {
        if (fault !== undefined) throw fault;
        return appliance.publishServer(input);
      },
    }));
    try {
      const healthIs = async (wanted: number) => {
        const answer = () => call("GET", "/healthz", { to: ill });
        await until(`/healthz answers ${wanted}`, async () => (await answer()).status === wanted);
        return JSON.parse((await answer()).body);
      };
      fault = new ApplianceError({ code: "disk-full", message: "no space is left in /var/lib/secret-place" });
      expect(await healthIs(503)).toEqual({
        status: "failing",
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        reason: "the server cannot write to its database (disk-full): its log says why",
      });
      fault = new Error("unheard of");
      await until("the reason changes", async () => (await healthIs(503)).reason.includes("(unavailable)"));
      fault = undefined;
      expect(await healthIs(200)).toEqual({ status: "ok", version: expect.any(String) });
    } finally {
      await ill.remove();
    }
  });

  it("describes every operation", async () => {
    const { paths, openapi } = JSON.parse((await call("GET", "/api/v1/openapi.json")).body);
    expect(openapi).toBe("3.1.0");
    expect(Object.keys(paths).sort()).toEqual(
      [...operationNames.map((name) => `/api/v1/${name}`), "/api/v1/packages/{sha256}", "/metrics"].sort(),
    );
    expect(paths["/api/v1/getToken"].post).toMatchObject({
      operationId: "getToken",
      "x-access": "read",
      "x-secret-output": ["value"],
      requestBody: { content: { "application/json": { schema: { properties: { id: { type: "string" } } } } } },
    });
  });

  it("describes the numbers, and how long a package is that is sent in chunks", async () => {
    const { paths } = JSON.parse((await call("GET", "/api/v1/openapi.json")).body);
    expect(paths["/metrics"].get).toMatchObject({
      operationId: "metrics",
      "x-role": "read-only",
      "x-reach": "appliance",
    });
    const [{ name, schema }] = paths["/api/v1/packages/{sha256}"].put.parameters;
    expect(schema).toEqual({ type: "integer", minimum: 0 });
    const content = Buffer.from("in chunks");
    const headers = { ...authorized(), "transfer-encoding": "chunked" };
    const path = `/api/v1/packages/${sha256Of(content)}`;
    expect((await call("PUT", path, { headers, body: content })).status).toBe(400);
    expect((await call("PUT", path, { headers: { ...headers, [name]: "9" }, body: content })).status).toBe(204);
  });

  it("describes every status that it answers, and none for all others", () => {
    const { paths, components } = openApiDocument();
    const errors = [...new Set(Object.values(ERROR_STATUS))].map(String).sort();
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, detail] of Object.entries(methods)) {
        if (method === "parameters") continue;
        const { responses } = z.object({ responses: z.record(z.string(), z.unknown()) }).parse(detail);
        const good = path.includes("{sha256}") && method === "put" ? "204" : "200";
        expect(Object.keys(responses).sort(), `${method} ${path}`).toEqual([good, ...errors]);
      }
    }
    expect(Object.keys(components.responses).sort()).toEqual(errors);
    expect(components.responses[429]?.description).toContain("`too-many-requests`");
    expect(components.responses[503]?.description).toContain("`locked` or `unavailable`");
  });

  it("describes its patterns in words that every reader of JSON Schema has, which mean the same", () => {
    const patterns = patternsIn(openApiDocument());
    expect(patterns.length).toBeGreaterThan(50);
    expect(patterns.filter((pattern) => /\\p\{/i.test(pattern))).toEqual([]);
    for (const { source } of [/^\P{Cc}*$/u, /^[^/\\\p{Cc}]+$/u, /^[^\p{Cc}]*(?:[\n\r\t][^\p{Cc}]*)*$/u]) {
      const [described = ""] = patternsIn(schemaOf(z.string().regex(new RegExp(source, "u")), "input"));
      for (let code = 0; code < 0x200; code++) {
        const character = String.fromCodePoint(code);
        expect(new RegExp(described).test(character), `${source} of ${code}`).toBe(
          new RegExp(source, "u").test(character),
        );
      }
    }
  });

  it("does what an operation says, and its history names the API token", async () => {
    const created = await call("POST", "/api/v1/createToken", { headers: authorized(), body: '{"name":"berlin"}' });
    expect(created.status).toBe(200);
    expect(JSON.parse(created.body)).toMatchObject({ name: "berlin", enabled: true });
    const { entries } = await server.appliance.listHistory({});
    expect(entries[0]).toMatchObject({ who: "token ci-7", what: "createToken", subjectName: "berlin" });
  });

  it("tells in its history a token from the server or a user of the same name", async () => {
    for (const name of ["kace serve", "root@vm"]) {
      const headers = { authorization: `Bearer ${await server.apiToken(name)}` };
      await call("POST", "/api/v1/createToken", { headers, body: JSON.stringify({ name: `by ${name}` }) });
      const { entries } = await server.appliance.listHistory({ subject: `by ${name}` });
      expect(entries.map(({ who }) => who)).toEqual([`token ${name}`]);
    }
  });

  it.each([
    ["no API token", {}, /an API token is needed/],
    ["one that is unknown", { authorization: "Bearer nobody-has-it" }, /not known/],
    ["another scheme", { authorization: "Basic eDp5" }, /an API token is needed/],
  ])("refuses calls with %s, and keeps no connection for them", async (_, headers, message) => {
    const { status, headers: answered, body } = await call("POST", "/api/v1/listTokens", { headers, body: "{}" });
    expect(status).toBe(401);
    expect(answered.connection).toBe("close");
    expect(JSON.parse(body)).toEqual({
      error: { code: "unauthenticated", message: expect.stringMatching(message), hint: expect.any(String) },
    });
  });

  it("refuses an API token from the moment it is deleted", async () => {
    const { id, value } = await server.appliance.createApiToken({ name: "short-lived" });
    const headers = { authorization: `Bearer ${value}` };
    expect((await call("POST", "/api/v1/listTokens", { headers, body: "{}" })).status).toBe(200);
    await server.appliance.deleteApiToken({ id });
    expect((await call("POST", "/api/v1/listTokens", { headers, body: "{}" })).status).toBe(401);
  });

  it.each([
    ["that is unknown", "/api/v1/brewCoffee", "{}", 501, "unsupported", /does not know that operation/],
    ["of an object's own", "/api/v1/toString", "{}", 501, "unsupported", /does not know that operation/],
    ["with what is not JSON", "/api/v1/getToken", "canary{", 400, "invalid", /not JSON/],
    ["with wrong input", "/api/v1/getToken", '{"id":["canary"]}', 400, "invalid", /getToken: .*id/],
    ["with no input", "/api/v1/getToken", "null", 400, "invalid", /getToken/],
    ["on what does not exist", "/api/v1/getToken", '{"id":"token-0"}', 404, "not-found", /token-0/],
    ["that is too large", "/api/v1/getToken", `{"id":"${"x".repeat(20_000)}"}`, 400, "invalid", /larger than 10000/],
  ])("refuses an operation %s", async (_, path, body, status, code, message) => {
    const answer = await call("POST", path, { headers: authorized(), body });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code, message: expect.stringMatching(message) } });
    expect(answer.body).not.toContain("canary");
  });

  it.each([
    ["in one chunk", ['{"name":"chunked"}']],
    ["in several, of which one ends in a letter", ['{"name":"K\xc3', '\xb6ln"}']],
    ["of no bytes", []],
  ])("takes an operation whose length is not said beforehand, %s", async (_, chunks) => {
    const operation = chunks.length === 0 ? "listTokens" : "createToken";
    const { status, body } = await callInChunks(`/api/v1/${operation}`, chunks);
    expect({ status, body }).toMatchObject({ status: 200 });
    if (chunks.length > 0) expect(JSON.parse(body).name).toBe(chunks.length === 1 ? "chunked" : "Köln");
  });

  it("refuses an operation that is too large also where its length is not said beforehand, and reads no more of it", async () => {
    const before = server.lines.length;
    const { status, headers, body } = await callInChunks("/api/v1/getToken", ['{"id":"', "x".repeat(20_000)]);
    expect(status).toBe(400);
    expect(headers.connection).toBe("close");
    expect(JSON.parse(body).error.message).toBe("the request is larger than 10000 bytes");
    expect(server.lines.slice(before)).toEqual([]);
  });

  it("refuses a client of another version in a sentence that names both", async () => {
    const headers = { ...authorized(), "kace-api-version": "2" };
    const { status, body } = await call("POST", "/api/v1/listTokens", { headers, body: "{}" });
    expect(status).toBe(501);
    expect(JSON.parse(body).error.message).toMatch(/client speaks version 2 of the API, this server \(.+\) version 1/);
  });

  it("says that a fault of its own is one, and its log says what", async () => {
    const faulty = await startTestServer({}, (appliance) => ({
      ...appliance,
      checkApiToken: () => Promise.reject(new Error("canary")),
    }));
    try {
      const { status, body } = await call("POST", "/api/v1/listTokens", {
        headers: authorized(),
        body: "{}",
        to: faulty,
      });
      expect(status).toBe(503);
      expect(body).not.toContain("canary");
      expect(faulty.lines.join("\n")).toContain("canary");
    } finally {
      await faulty.remove();
    }
  });
});

describe("the content of packages", { timeout: TIMEOUT_MS }, () => {
  const content = Buffer.alloc(300_000, "package ");
  const path = `/api/v1/packages/${sha256Of(content)}`;

  it("is put and got as it is", async () => {
    expect((await call("PUT", path, { headers: authorized(), body: content })).status).toBe(204);
    const got = await call("GET", path, { headers: authorized() });
    expect(got.status).toBe(200);
    expect(got.headers["content-length"]).toBe(String(content.length));
    expect(got.body).toBe(content.toString());
  });

  it("is for nobody without an API token", async () => {
    expect((await call("GET", path)).status).toBe(401);
    expect((await call("PUT", path, { body: "x" })).status).toBe(401);
  });

  it("is refused if it has another hash, and then it is not there", async () => {
    const other = `/api/v1/packages/${sha256Of(Buffer.from("other"))}`;
    const put = await call("PUT", other, { headers: authorized(), body: Buffer.from("changed on the way") });
    expect(put.status).toBe(400);
    expect((await call("GET", other, { headers: authorized() })).status).toBe(404);
  });

  it("has a hash for its name", async () => {
    const { status, body } = await call("GET", "/api/v1/packages/..%2Fkey", { headers: authorized() });
    expect(status).toBe(400);
    expect(JSON.parse(body).error.message).toMatch(/64 hexadecimal digits/);
  });
});
