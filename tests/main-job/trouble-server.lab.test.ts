import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { whyNoLab } from "../../examples/lab/lab.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { ref, type YamlResource } from "../e2e/project.ts";
import { VERSION } from "./ground.ts";
import { agentStatus, connectionsFrom, EVENTUALLY, expectRight, expectUntouched } from "./machine-facts.ts";
import { Site } from "./site.ts";
import { codesOf, TOLERANT } from "./trouble-program.ts";

// Runs and hosts end when they do; nothing here is about how long that takes on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 });

describe.skipIf(whyNoLab() !== undefined)("agents that do not get to their server", () => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.up({
      prefix: "tserv",
      hosts: [
        { name: "good", kind: "light" },
        { name: "nameless", kind: "light" },
        { name: "cut-off", kind: "light", firewall: "cut-off" },
        { name: "waiting", kind: "light" },
        { name: "early", kind: "light" },
        { name: "spare", kind: "light" },
      ],
    });
    await site.host("nameless").run(["sed", "-i", "/gateway/d", "/etc/hosts"]);
  });

  afterAll(() => site?.down());

  const fleet = () =>
    site.configuration({ targets: { ips: site.addresses("good", "nameless", "cut-off") }, rollout: TOLERANT });
  const waiting = () =>
    site.configuration({
      targets: { ips: site.addresses("waiting") },
      agent: { token: undefined },
      rollout: TOLERANT,
    });

  test("without kace serve there is one reason before the first machine, with the command that starts it", async () => {
    await site.write(site.program({ fleet: fleet() }));
    await site.stopServer();
    const output = await site.failingUp();
    expect(output).toContain("[server-not-running]");
    expect(output).toContain("kace serve");
    for (const host of ["good", "nameless", "cut-off"]) await expectNeverCalled(host);
    await site.startServer();
  });

  test("a machine that cannot resolve or reach the server is told apart before anything is written to it", async () => {
    await site.write(site.program({ fleet: fleet(), waiting: waiting() }));
    const preview = await site.preview();
    expect(preview).toContain("as things are, 2 machines would not be right after the update");
    for (const code of ["server-unresolvable", "server-unreachable"]) expect(preview).toContain(`[${code}]`);
    const output = await site.up();
    expect(await codesOf(site, ["good", "nameless", "cut-off"])).toEqual({
      good: "installed",
      nameless: "server-unresolvable",
      "cut-off": "server-unreachable",
    });
    await expectRight(site.host("good"), VERSION);
    for (const host of ["nameless", "cut-off"]) await expectUntouched(site.host(host));
    expect(output).toContain(`tolerated: [server-unresolvable] ${site.host("nameless").address}: `);
  });

  test("an agent without a token waits in quarantine until it is approved, and the next up finds it right", async () => {
    expect(await codesOf(site, ["waiting"], "waiting")).toEqual({ waiting: "quarantined" });
    expect(await agentStatus(site.host("waiting"))).toMatchObject({ connected: true, state: "quarantined" });
    const listed = await site.kace(["quarantine", "list"]);
    expect(listed.output).toContain("waiting");

    const approved = await site.kace(["quarantine", "approve", "waiting"]);
    expect(approved.exitCode, approved.output).toBe(0);
    await expect
      .poll(() => agentStatus(site.host("waiting")), EVENTUALLY)
      .toMatchObject({ connected: true, state: "approved" });
    await site.up();
    expect(await site.resultOf("waiting", "waiting")).toMatchObject({ class: "unchanged" });
    await expectRight(site.host("waiting"), VERSION);
  });

  test("a connected agent checks in when it is asked to, shows an alert, and says so", async () => {
    const asked = await site.kace(["checkin", "waiting"]);
    expect(asked.exitCode, asked.output).toBe(0);
    const alert = await site.kace(["alert", "send", "maintenance at six", "--machine", "waiting"]);
    expect(alert.exitCode, alert.output).toBe(0);
    const statuses = async () => {
      const { output } = await site.kace(["--json", "queue", "list", "--machine", "waiting"]);
      return JSON.parse(output).map(({ type, status }: Record<string, string>) => [type, status]);
    };
    await expect.poll(statuses, EVENTUALLY).toEqual([
      ["check-in", "completed"],
      ["alert", "completed"],
    ]);
  });

  test("a way that was opened meanwhile is all that the next up needs", async () => {
    await site.host("cut-off").setFirewall("none");
    await site.up();
    expect(await codesOf(site, ["good", "nameless", "cut-off"])).toMatchObject({
      nameless: "server-unresolvable",
      "cut-off": "installed",
    });
    for (const host of ["good", "cut-off"]) await expectRight(site.host(host), VERSION);
  });

  test("a token that is expired or disabled is found before the first machine is touched", async () => {
    const tokens: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
      expired: {},
      disabled: { enabled: false },
    };
    const alone: YamlResource = { type: "kace:AgentToken" };
    await site.write(site.program({ fleet: fleet(), waiting: waiting(), expired: alone }));
    await site.up();
    await expireToken(String((await site.recordedAs("expired")).id));
    const wanting = (token: string) =>
      site.configuration({ targets: { ips: site.addresses("spare") }, agent: { token: ref(`${token}.value`) } });
    for (const [name, properties] of Object.entries(tokens)) {
      const token: YamlResource = { type: "kace:AgentToken", properties };
      const program = site.program({ fleet: fleet(), waiting: waiting(), [name]: token, wanting: wanting(name) });
      await site.write(program);
      expect(await site.failingUp()).toContain(`[token-${name}]`);
      await expectNeverCalled("spare");
    }
  });

  test("a token that is used up by others stops the machines that come after it", async () => {
    const limited: YamlResource = { type: "kace:AgentToken", properties: { useLimit: 1 } };
    const one = (host: string) =>
      site.configuration({
        targets: { ips: site.addresses(host) },
        agent: { token: ref("limited.value") },
      });
    const rest = { fleet: fleet(), waiting: waiting(), limited };
    await site.write(site.program({ ...rest, first: one("early") }));
    await site.up();
    await site.write(site.program({ ...rest, first: one("early"), second: one("spare") }));
    expect(await site.failingUp()).toContain("[token-exhausted]");
    await expectNeverCalled("spare");
    await expectRight(site.host("early"), VERSION);
  });

  /** Ends a token as if its time had come. */
  async function expireToken(id: string): Promise<void> {
    const appliance = await openLocal({ folder: site.database });
    try {
      await appliance.updateToken({ id, expiresAt: "2020-01-01T00:00:00Z" });
    } finally {
      await appliance.close();
    }
  }

  /** Nobody has so much as connected to its sshd. */
  async function expectNeverCalled(host: string): Promise<void> {
    expect(await connectionsFrom(site.host(host), site.lab.gateway), host).toEqual([]);
    await expectUntouched(site.host(host));
  }
});
