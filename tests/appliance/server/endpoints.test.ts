import { createHash } from "node:crypto";
import { once } from "node:events";
import { request } from "node:https";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { ROLES, type Role } from "../../../provider/appliance/operations/operation.ts";
import { startTestServer, type TestServer } from "./running.ts";
import { makeSite, type Site } from "./site.ts";
import { isAllowed, WHO_MAY_ASK_FOR } from "./who-may.ts";

const TIMEOUT_MS = 120_000;

let server: TestServer;
let site: Site;
/** The values of API tokens, by whose they are. */
const tokens = new Map<string, string>();

interface Bearer {
  readonly role: Role;
  readonly reach: "one organization" | "all organizations";
}

const bearers: readonly Bearer[] = ROLES.flatMap((role) => [
  { role, reach: "one organization" },
  { role, reach: "all organizations" },
]);

beforeAll(async () => {
  const unlimited = { burst: 1_000_000, perSecond: 1_000_000 };
  server = await startTestServer({ limits: { callsPerToken: unlimited, failedLogInsPerAddress: unlimited } });
  site = await makeSite(server.appliance, "berlin", 1);
  for (const { role, reach } of bearers) {
    const organization = reach === "one organization" ? site.organization : undefined;
    const made = await server.appliance.createApiToken({ name: `${role} of ${reach}`, role, organization });
    tokens.set(`${role} of ${reach}`, made.value);
  }
}, TIMEOUT_MS);
afterAll(() => server.remove(), TIMEOUT_MS);

const tokenOf = ({ role, reach }: Bearer) => tokens.get(`${role} of ${reach}`);

async function statusOf(endpoint: string, token: string | undefined): Promise<number> {
  const [method = "", place = ""] = endpoint.split(" ");
  // What is put is new each time.
  const content = Buffer.from(`put by ${token}`);
  const sha256 = method === "PUT" ? createHash("sha256").update(content).digest("hex") : site.sha256;
  const outgoing = request({
    ...{ host: "localhost", port: server.port, ca: server.ca, method, agent: false },
    path: place.replace("{sha256}", sha256),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  outgoing.end(method === "PUT" ? content : undefined);
  const [incoming] = await once(outgoing, "response");
  incoming.resume();
  return incoming.statusCode;
}

const open = Object.keys(WHO_MAY_ASK_FOR).filter((endpoint) => WHO_MAY_ASK_FOR[endpoint] === "everybody");
const guarded = Object.entries(WHO_MAY_ASK_FOR).flatMap(([endpoint, allowed]) =>
  allowed === "everybody" ? [] : [{ endpoint, allowed }],
);

describe("what is no operation", { timeout: TIMEOUT_MS }, () => {
  it.each(open)("%s is for everybody, with an API token and without", async (endpoint) => {
    expect(await statusOf(endpoint, undefined)).toBe(200);
    expect(await statusOf(endpoint, "nobody-has-it")).toBe(200);
    for (const bearer of bearers) expect(await statusOf(endpoint, tokenOf(bearer))).toBe(200);
  });

  it.each(guarded)("$endpoint needs an API token", async ({ endpoint }) => {
    expect(await statusOf(endpoint, undefined)).toBe(401);
    expect(await statusOf(endpoint, "nobody-has-it")).toBe(401);
  });

  it.each(guarded.flatMap((one) => bearers.map((bearer) => ({ ...one, ...bearer }))))(
    "$endpoint by a token with the role $role of $reach",
    async ({ endpoint, allowed, role, reach }) => {
      const status = await statusOf(endpoint, tokenOf({ role, reach }));
      const done = endpoint.startsWith("PUT") ? 204 : 200;
      expect(status).toBe(isAllowed(allowed, role, reach === "one organization") ? done : 403);
    },
  );

  it.each([undefined, ...bearers])(
    "the agents' WebSocket asks for a device's key, whoever opens it: %j",
    async (bearer) => {
      const token = bearer === undefined ? undefined : tokenOf(bearer);
      const socket = new WebSocket(`wss://localhost:${server.port}/agent/v1`, {
        ca: server.ca,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
      const heard: { type: string }[] = [];
      socket.on("message", (data) => {
        heard.push(JSON.parse(String(data)));
        // No API token takes the place of a signed hello.
        if (heard.length === 1) socket.send(JSON.stringify({ type: "inventory", hostname: "web01" }));
      });
      await once(socket, "close");
      expect(heard).toMatchObject([{ type: "challenge" }, { type: "refused", code: "protocol" }]);
    },
  );

  it("upgrades nothing but the agents' address", async () => {
    for (const path of ["/", "/api/v1/", "/agent/v2", "/metrics"]) {
      const socket = new WebSocket(`wss://localhost:${server.port}${path}`, { ca: server.ca });
      const [error] = await once(socket, "error");
      expect(String(error), path).toContain("404");
    }
  });
});
