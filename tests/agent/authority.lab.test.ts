import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Lab, type LabHost, whyNoLab } from "../../examples/lab/lab.ts";
import { type AgentServer, authoritiesIn, planFor } from "../../provider/agent/agent.ts";
import { type LocalAppliance, openLocal } from "../../provider/appliance/local/local.ts";
import { agentPackages } from "../../tools/agent-packages/build.ts";
import { type Served, served } from "../appliance/served.ts";
import { Site } from "./site.ts";

vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

const EVENTUALLY = { timeout: 600_000, interval: 1_000 };
const PREFIX = "trust";
const AGENT = "/opt/kace-reference/bin/kace-agent";
const SERVICE = "kace-reference-agent";
const TRUST_FILE = "/etc/kace-reference/ca.pem";

describe.skipIf(whyNoLab() !== undefined)("agents whose server's authority is renewed", () => {
  let lab: Lab;
  let folder: string;
  let appliance: LocalAppliance;
  let gateway: Served | undefined;
  let port: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "kace-authority-"));
    lab = await Lab.up({ prefix: PREFIX, hosts: ["web01", "web02"].map((name) => ({ name, kind: "systemd" })) });
    gateway = await served(folder, { host: lab.gateway, name: "gateway" });
    port = gateway.port;
    appliance = await openLocal({ folder, who: "the test", now: Date.now });
    const { value: token } = await appliance.createToken({ name: "agents" });
    const configuration = JSON.stringify({ server: `gateway:${port}`, token, ca: gateway.ca });
    const [deb] = await agentPackages({
      version: "1.4.2",
      architectures: [process.arch === "arm64" ? "arm64" : "amd64"],
      formats: ["deb"],
      say: () => undefined,
    });
    if (deb === undefined) throw new Error("no package was built");
    for (const host of [lab.host("web01"), lab.host("web02")]) {
      await host.writeFile(`/var/tmp/${deb.fileName}`, await readFile(deb.path));
      await host.run(["dpkg", "-i", `/var/tmp/${deb.fileName}`]);
      await host.run([AGENT, "configure"], { stdin: configuration });
      await host.run(["systemctl", "start", SERVICE]);
      await host.run([AGENT, "wait", "--timeout", "10m"]);
    }
  });

  afterAll(async () => {
    try {
      await gateway?.stop();
    } finally {
      await appliance?.close();
      await Lab.down(PREFIX);
      await rm(folder, { recursive: true, force: true });
    }
  });

  const trusted = async (host: LabHost) => authoritiesIn(await host.run(["cat", TRUST_FILE]));

  /** The agents' server as a configuration knows it now. */
  async function server(): Promise<AgentServer> {
    const { caCertificate } = await appliance.serverStatus({});
    return { host: "gateway", port, caCertificate };
  }

  async function announced(): Promise<readonly string[]> {
    return authoritiesIn((await server()).caCertificate ?? "");
  }

  test("one that is there takes it up and drops the one before; one that was away is named, and repaired by a rollout", async () => {
    const [there, away] = [lab.host("web01"), lab.host("web02")];
    const [first = ""] = await announced();
    expect(await trusted(there)).toEqual([first]);
    await away.run(["systemctl", "stop", SERVICE]);

    await appliance.renewAuthority({});
    await expect.poll(announced, EVENTUALLY).toHaveLength(2);
    const [, second = ""] = await announced();
    await expect.poll(() => trusted(there), EVENTUALLY).toEqual([first, second]);
    const distrusting = async () =>
      (await appliance.listDistrustingDevices({ sha256: second })).devices.map(({ hostname, why }) => [hostname, why]);
    await expect.poll(distrusting, EVENTUALLY).toEqual([["web02", "not-yet"]]);
    await expect(appliance.finishAuthority({})).rejects.toMatchObject({ message: expect.stringContaining("web02") });

    // During the overlap a rollout sees what its agent lacks before that matters.
    const site = new Site(lab, away, port, []);
    const looked = await site.look({ server: await server() });
    expect(looked.agents[0]?.trusts).toEqual([first]);

    await appliance.finishAuthority({ force: true });
    await expect.poll(announced, EVENTUALLY).toEqual([second]);
    await expect.poll(() => trusted(there), EVENTUALLY).toEqual([second]);
    await there.run(["systemctl", "restart", SERVICE]);
    await there.run([AGENT, "wait", "--timeout", "10m"]);

    await away.run(["systemctl", "start", SERVICE]);
    const lastError = async () => JSON.parse(await away.run([AGENT, "status", "--json"])).lastError;
    await expect.poll(lastError, EVENTUALLY).toContain("unknown authority");
    const desired = { server: await server() };
    const plan = planFor(await site.look(desired), { ...site.desired, ...desired });
    expect(plan).toMatchObject({ action: "repair", reason: expect.stringContaining("unknown authority") });
    expect(await site.up(desired)).toMatchObject({ class: "succeeded" });
    expect(await trusted(away)).toEqual([second]);
    await away.run([AGENT, "wait", "--timeout", "10m"]);
    await expect.poll(distrusting, EVENTUALLY).toEqual([]);
  });
});
