import { once } from "node:events";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keptTo } from "../../../provider/appliance/local/kept-queries.ts";
import { build, Queries } from "../../../provider/appliance/local/query.ts";
import { type Operation, ROLES, type Role, roleOf } from "../../../provider/appliance/operations/operation.ts";
import { type OperationName, operationNames, operations } from "../../../provider/appliance/operations/table.ts";
import { schemaOf } from "../../../provider/appliance/server/openapi.ts";
import { startTestServer, type TestServer } from "./running.ts";
import { sampleInput } from "./sample-input.ts";
import { makeSite, phantomOf, type Site, valuesOf } from "./site.ts";
import { isAllowed, WHO_MAY } from "./who-may.ts";

const TIMEOUT_MS = 300_000;

let server: TestServer;
let agent: Agent;
let own: Site;
let other: Site;
let phantom: Site;
/** The API tokens: of one organization, or of all. */
const bound: Partial<Record<Role, string>> = {};
const unbound: Partial<Record<Role, string>> = {};

const UNLIMITED = { burst: 1_000_000, perSecond: 1_000_000 };

beforeAll(async () => {
  server = await startTestServer({ limits: { callsPerToken: UNLIMITED, failedLogInsPerAddress: UNLIMITED } });
  agent = new Agent({ keepAlive: true, ca: server.ca });
  own = await makeSite(server.appliance, "berlin", 1);
  other = await makeSite(server.appliance, "bonn", 2);
  phantom = phantomOf(other);
  for (const role of ROLES) {
    const make = async (organization?: string) =>
      (await server.appliance.createApiToken({ name: `${role} ${organization ?? "everywhere"}`, role, organization }))
        .value;
    bound[role] = await make(own.organization);
    unbound[role] = await make();
  }
}, TIMEOUT_MS);
afterAll(async () => {
  agent.destroy();
  await server.remove();
}, TIMEOUT_MS);

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function call(path: string, token: string | undefined, input: unknown, method = "POST"): Promise<Answer> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const outgoing = request({ host: "localhost", port: server.port, agent, method, path, headers: authorization });
  outgoing.end(method === "GET" ? undefined : JSON.stringify(input));
  const [incoming] = await once(outgoing, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return { status: incoming.statusCode, body: Buffer.concat(chunks).toString() };
}

const post = (name: OperationName, token: string | undefined, input: unknown) => call(`/api/v1/${name}`, token, input);

/** Everything that an organization would see in the database; of the whole appliance without one. */
function stored(organization?: string): string {
  const database = new DatabaseSync(join(server.folder, "appliance.db"), { readOnly: true });
  try {
    const all = new Queries(database);
    const queries = organization === undefined ? all : all.rewritten(keptTo(organization));
    // What the server itself writes while the test runs, and when a token was used, are no changes by a caller.
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .all()
      .map(({ name }) => String(name))
      .filter((table) => table !== "server" && table !== "api_tokens");
    const rows = tables.map((table) => [table, queries.all(build.selectFrom(table as "tokens").selectAll())]);
    return JSON.stringify([...rows, queries.all(build.selectFrom("api_tokens").select(["id", "name", "role"]))]);
  } finally {
    database.close();
  }
}

const schemas = Object.fromEntries(operationNames.map((name) => [name, schemaOf(operations[name].input, "input")]));

let inputsMade = 0;

function inputOf(name: OperationName, site: Site, id: string): unknown {
  inputsMade += 1;
  return sampleInput(schemas[name], { ...valuesOf(site, id), name: `sample ${inputsMade}` });
}

/** Each sensible input that an operation may be given about things of a site; `id` may be of any kind. */
function inputsOf(name: OperationName, site: Site): unknown[] {
  const inputs = Object.values(site.ids).map((id) => inputOf(name, site, id));
  return [...new Map(inputs.map((input) => [JSON.stringify(input), input])).values()];
}

/** Without the organization, so that only the ids say whose things are meant. */
function byIdOnly(input: unknown): unknown {
  if (typeof input !== "object" || input === null) return input;
  return Object.fromEntries(Object.entries(input).filter(([name]) => name !== "organization"));
}

describe("who may do what", { timeout: TIMEOUT_MS }, () => {
  const matrix = operationNames.flatMap((name) =>
    ROLES.flatMap((role) => ["one organization", "all organizations"].map((reach) => ({ name, role, reach }))),
  );

  it.each(matrix)("$name by a token with the role $role of $reach", async ({ name, role, reach }) => {
    const isBound = reach === "one organization";
    const refused = !isAllowed(WHO_MAY[name], role, isBound);
    const before = stored();
    // No input is needed to see whether one may ask at all; what is asked is then refused as invalid or not found.
    const { status, body } = await post(name, (isBound ? bound : unbound)[role], refused ? {} : "no object");
    if (!refused) return expect(status, body).toBe(400);
    expect(status, body).toBe(403);
    expect(JSON.parse(body)).toMatchObject({
      error: {
        code: "permission-denied",
        message: expect.stringContaining(name),
        hint: expect.stringMatching(/kace api-tokens|--organization/),
      },
    });
    expect(stored()).toBe(before);
  });

  it.each([
    ["none", undefined, /an API token is needed/],
    ["a wrong one", "kace_nobody-has-it", /not known/],
  ])("no operation without credentials: %s", async (_, token, message) => {
    const before = stored();
    for (const name of operationNames) {
      const { status, body } = await post(name, token, inputOf(name, own, own.ids.token));
      expect(status, name).toBe(401);
      expect(JSON.parse(body).error).toMatchObject({
        code: "unauthenticated",
        message: expect.stringMatching(message),
      });
    }
    expect((await call(`/api/v1/packages/${own.sha256}`, token, undefined, "GET")).status).toBe(401);
    expect((await call("/metrics", token, undefined, "GET")).status).toBe(401);
    expect(stored()).toBe(before);
  });

  it("gives no secret to those who only read", () => {
    for (const name of operationNames) {
      const operation: Operation = operations[name];
      if (operation.secretOutput !== undefined) expect(roleOf(operation), name).not.toBe("read-only");
    }
  });

  it("lets nobody but administrators of all organizations make organizations", () => {
    for (const name of ["createOrganization", "updateOrganization", "deleteOrganization"] as const) {
      expect(operations[name]).toMatchObject({ role: "admin", reach: "appliance" });
    }
  });
});

describe("a token of one organization", { timeout: TIMEOUT_MS }, () => {
  const reachable = operationNames.filter((name) => (operations[name] as Operation).reach !== "appliance");

  const makers = reachable.filter((name) => /^(create|save|pin)/.test(name));
  const others = reachable.filter((name) => !makers.includes(name));

  it.each(others)("%s: answers about another one's things as about things that there are not", async (name) => {
    for (const [index, foreign] of inputsOf(name, other).entries()) {
      const absent = inputsOf(name, phantom)[index];
      for (const form of [(input: unknown) => input, byIdOnly]) {
        const before = stored(other.organization);
        const asked = await post(name, bound.admin, form(foreign));
        const asIf = await post(name, bound.admin, form(absent));
        expect(stored(other.organization), "what the other organization has").toBe(before);
        if (isSameBut(form(foreign), form(absent))) continue;
        expect(neutral(asked), JSON.stringify(form(foreign))).toEqual(neutral(asIf));
      }
    }
  });

  // What makes something makes it in the caller's own organization; an identity that is taken is a conflict.
  it.each(makers)("%s: makes nothing of another one's, and changes nothing there", async (name) => {
    for (const foreign of inputsOf(name, other)) {
      for (const input of [foreign, byIdOnly(foreign)]) {
        const before = stored(other.organization);
        const { body } = await post(name, bound.admin, input);
        expect(stored(other.organization), "what the other organization has").toBe(before);
        expect(body).not.toContain(` of ${other.organization}`);
      }
    }
  });

  /** Whether nothing of an input says whose things are meant. */
  function isSameBut(one: unknown, another: unknown): boolean {
    const [first, second] = [one, another].map((input) => JSON.stringify(input).replaceAll(/sample \d+/g, ""));
    return first === second;
  }

  /** Of an answer, what does not depend on which of the two was asked for, nor on when. */
  function neutral({ status, body }: Answer): Answer {
    let text = body;
    const pairs = [
      [other.organization, phantom.organization],
      ...Object.entries(other.ids).map(([kind, id]) => [id, phantom.ids[kind as keyof Site["ids"]]]),
      [other.tokenValue, phantom.tokenValue],
      [other.sha256, phantom.sha256],
    ] as const;
    for (const [one, instead] of pairs) text = text.replaceAll(String(one), String(instead));
    text = text.replaceAll(
      /"(?:kace_)?[A-Za-z0-9_-]{43,54}"|(?:-)[0-9a-f]{20}|sample \d+|\d{4}-\d\d-\d\dT[\d:.]+Z/g,
      "…",
    );
    return { status, body: text };
  }

  it("sees its own things by the same calls", async () => {
    const answered = new Map<string, number>();
    for (const name of reachable) {
      if (operations[name].access !== "read") continue;
      for (const input of inputsOf(name, own)) {
        const { status } = await post(name, bound.admin, input);
        answered.set(name, Math.min(answered.get(name) ?? status, status));
      }
    }
    // So that the answers about others' things are not all alike only because no input was right.
    for (const name of [
      "getToken",
      "getBundle",
      "getConfiguration",
      "getDevice",
      "tokenUses",
      "listOutcomes",
      "listHistory",
      "outcomeLog",
      "unfinished",
    ]) {
      expect(answered.get(name), name).toBe(200);
    }
  });

  it("means its own organization where it names none", async () => {
    const { body } = await post("listTokens", bound["read-only"], {});
    expect(JSON.parse(body).tokens.map(({ id }: { id: string }) => id)).toContain(own.ids.token);
    const made = await post("createApiToken", bound.admin, { name: "made by one of berlin" });
    expect(JSON.parse(made.body)).toMatchObject({ organization: own.organization });
    const { organizations } = JSON.parse((await post("listOrganizations", bound["read-only"], {})).body);
    expect(organizations.map(({ name }: { name: string }) => name)).toEqual([own.organization]);
  });

  it("does not get the content of another one's packages by their hash, neither by asking nor by claiming it", async () => {
    const path = `/api/v1/packages/${other.sha256}`;
    expect((await call(path, bound.admin, undefined, "GET")).status).toBe(404);
    expect((await call(`/api/v1/packages/${own.sha256}`, bound.admin, undefined, "GET")).status).toBe(200);
    expect((await call(path, bound.admin, undefined, "PUT")).status).toBe(400);
    const claim = {
      name: "claimed",
      version: "1.0.0",
      flavour: "reference",
      packages: [
        {
          fileName: "x.deb",
          platform: "linux",
          architecture: "amd64",
          format: "deb",
          version: "1",
          sha256: other.sha256,
          sizeBytes: 23,
        },
      ],
    };
    expect((await post("saveBundle", bound.admin, claim)).status).toBe(400);
    expect((await call(path, bound.admin, undefined, "GET")).status).toBe(404);
  });

  it("reads no metrics, which are of all organizations", async () => {
    expect((await call("/metrics", bound.admin, undefined, "GET")).status).toBe(403);
    expect((await call("/metrics", unbound["read-only"], undefined, "GET")).status).toBe(200);
  });
});

describe("an API token that has expired", { timeout: TIMEOUT_MS }, () => {
  it("is refused in a sentence that says when, and nothing changes", async () => {
    let now = Date.parse("2027-03-01T08:00:00Z");
    const short = await startTestServer({ now: () => now });
    try {
      const { value } = await short.appliance.createApiToken({ name: "short", expiresAt: "2027-03-01T09:00:00Z" });
      now += 3_600_000;
      const outgoing = request({
        host: "localhost",
        port: short.port,
        // The certificate is of the time of the test's clock.
        rejectUnauthorized: false,
        method: "POST",
        path: "/api/v1/createToken",
        headers: { authorization: `Bearer ${value}` },
      });
      outgoing.end('{"name":"never"}');
      const [incoming] = await once(outgoing, "response");
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      expect(incoming.statusCode).toBe(401);
      expect(JSON.parse(Buffer.concat(chunks).toString()).error.message).toBe(
        'the API token "short" has expired at 2027-03-01T09:00:00.000Z',
      );
      expect((await short.appliance.listTokens({})).tokens).toEqual([]);
    } finally {
      await short.remove();
    }
  });
});
