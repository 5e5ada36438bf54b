import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fingerprintOf } from "../../provider/appliance/certificates/authority.ts";
import { runKace } from "../../provider/cli/program.ts";
import { TestAgent } from "../appliance/server/agent.ts";
import { startTestServer, type TestServer } from "../appliance/server/running.ts";
import { textOf } from "../docs/pages.ts";

const TIMEOUT_MS = 180_000;

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ renewsAuthority: true, limits: { changesEveryMs: 50 } });
}, TIMEOUT_MS);
afterEach(() => server.remove(), TIMEOUT_MS);

async function kace(options: readonly string[], environment: NodeJS.ProcessEnv, ...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text) };
  const world = { terminal, environment, signal: new AbortController().signal };
  const exitCode = await runKace([...options, ...args], world);
  return { exitCode, out: out.join("\n"), err: err.join("\n") };
}

const here = (...args: readonly string[]) => kace(["--database", server.folder], {}, "authority", ...args);

describe("kace authority", { timeout: TIMEOUT_MS }, () => {
  it("renews the authority by the commands of docs/operations.md", async () => {
    const section = textOf("docs/operations.md").split("\n## Certificates\n")[1]?.split("\n## ")[0] ?? "";
    const commands = [...section.matchAll(/^kace authority (\w+)$/gm)].map(([, verb = ""]) => verb);
    expect(commands).toEqual(["renew", "show", "finish"]);
    for (const verb of commands) expect(await here(verb)).toMatchObject({ exitCode: 0 });
    const { out } = await here("show", "--pem");
    expect(fingerprintOf(out)).not.toBe(fingerprintOf(server.ca));
    expect(out.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
  });

  it("names the devices that do not trust the next one, here and from afar, and does not lose them unasked", async () => {
    const environment = { KACE_API_TOKEN: await server.apiToken() };
    const ca = join(server.folder, "certificates", "ca.pem");
    const afar = (...args: readonly string[]) =>
      kace(["--endpoint", server.endpoint, "--ca-certificate", ca], environment, "authority", ...args);
    const { value: token } = await server.appliance.createToken({ name: "agents" });
    const { agent, answer } = await TestAgent.enrol({ port: server.port, ca: server.ca, token });
    expect(answer.state).toBe("approved");
    expect(await afar("finish")).toMatchObject({ exitCode: 1, err: expect.stringContaining("no next authority") });
    expect(await afar("renew")).toMatchObject({ exitCode: 0, err: expect.stringContaining("told to trust") });
    for (const show of [here, afar]) {
      const shown = await show("show");
      expect(shown).toMatchObject({ exitCode: 3, err: expect.stringContaining("pulumi up") });
      expect(shown.out).toMatch(/^AUTHORITY +USE +EXPIRES +SHA256\n.* present .*\n.* next .*\n/);
      expect(shown.out).toContain("\n0 of 1 devices trust the next one; it takes over on ");
      expect(shown.out).toMatch(/^web01 +default +yes +\S+ +its agent is too old to take up authorities$/m);
    }
    const { out: json } = await kace(["--json", "--database", server.folder], {}, "authority", "show");
    expect(JSON.parse(json)).toMatchObject({ approved: 1, distrusting: [{ hostname: "web01", why: "agent-too-old" }] });
    expect(await here("finish")).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/1 device does not .*web01/),
    });
    expect(await here("finish", "--force")).toMatchObject({ exitCode: 0 });
    expect((await here("show", "--pem")).out).not.toContain(server.ca.trim());
    agent.socket.terminate();
  });

  it("does what was asked of a server that does not run at its next start", async () => {
    await server.server.stop();
    expect(await here("renew")).toMatchObject({ exitCode: 0, err: expect.stringContaining("at its next start") });
  });
});
