import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { whyNoLab } from "../../examples/lab/lab.ts";
import { VERSION } from "./ground.ts";
import { EVENTUALLY, expectClean, expectRight, installations } from "./machine-facts.ts";
import { Site } from "./site.ts";

const HOSTS = ["sys01", "web01", "web02"] as const;

/** A run is due every minute, and a machine that is busy takes its time for it. */
const BY_ITSELF = { ...EVENTUALLY, timeout: 480_000 };

vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

describe.skipIf(whyNoLab() !== undefined)("a configuration with a schedule, on real hosts", () => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.up({
      prefix: "sched",
      hosts: HOSTS.map((name) => ({ name, kind: name.startsWith("sys") ? "systemd" : "light" })),
    });
  });

  afterAll(() => site?.down());

  async function purge(name: string): Promise<void> {
    await site.host(name).run(["dpkg", "--purge", "kace-reference-agent"]);
  }

  /** The runs that the server has ended by itself, as its log has them. */
  async function endedRuns(): Promise<number> {
    return (await site.serverLog())
      .split("\n")
      .filter((line) => line.includes('scheduled run of "fleet-') && / ended: /.test(line)).length;
  }

  test("installs the agent by itself under `kace serve`, and the program sees no difference after it", async () => {
    await site.write(site.fleet({ targets: { ips: site.addresses() }, schedule: { every: "1 minute" } }));
    await site.up();
    for (const name of HOSTS) await expectRight(site.host(name), VERSION);
    await purge("web01");
    await expect
      .poll(() => installations(site.host("web01")), { ...BY_ITSELF, message: "the agent of web01" })
      .toEqual([VERSION, VERSION]);
    const ended = await endedRuns();
    await expect.poll(endedRuns, { ...BY_ITSELF, message: "a run after it" }).toBeGreaterThan(ended);
    expect(await installations(site.host("sys01"))).toEqual([VERSION]);
    expect(await site.plan()).toEqual({});
    await site.refresh("--expect-no-changes");
    const results = await site.kace(["results"]);
    expect(results.exitCode, results.output).toBe(0);
    const logs = await site.kace(["logs", site.host("web01").address]);
    expect(logs.exitCode, logs.output).toBe(0);
  });

  test("is run now by `kace config run`, from what the appliance keeps", async () => {
    await site.write(site.fleet({ targets: { ips: site.addresses() }, schedule: { every: "720 hours" } }));
    await site.up();
    await purge("web02");
    const [listed] = JSON.parse((await site.kace(["config", "list", "--json"])).output);
    const { exitCode, output } = await site.kace(["config", "run", listed.name]);
    expect(exitCode, output).toBe(0);
    expect(await installations(site.host("web02"))).toEqual([VERSION, VERSION]);
    expect(await site.plan()).toEqual({});
  });

  test("loses nothing when `kace serve` is killed in the middle of a scheduled run", async () => {
    await site.write(site.fleet({ targets: { ips: site.addresses() }, schedule: { every: "1 minute" } }));
    await site.up();
    await site.stopServer();
    const before = new Map<string, number>();
    for (const name of HOSTS) {
      before.set(name, (await installations(site.host(name))).length);
      await purge(name);
    }
    await site.startServer();
    await expect
      .poll(beginnings, { timeout: BY_ITSELF.timeout, interval: 20, message: "machines that install" })
      .toBeGreaterThan(HOSTS.reduce((sum, name) => sum + (before.get(name) ?? 0), 0));
    await site.killServer();
    await site.startServer();
    for (const name of HOSTS) {
      await expect
        .poll(() => installations(site.host(name)), { ...BY_ITSELF, message: `the agent of ${name}` })
        .toHaveLength((before.get(name) ?? 0) + 1);
      await expect
        .poll(async () => (await site.host(name).exec(["test", "-x", "/opt/kace-reference"])).exitCode, BY_ITSELF)
        .toBe(0);
    }
    const ended = await endedRuns();
    await expect.poll(endedRuns, { ...BY_ITSELF, message: "a run that ended" }).toBeGreaterThan(ended);
    for (const name of HOSTS) await expectClean(site.host(name));
    const results = await site.kace(["results"]);
    expect(results.exitCode, results.output).toBe(0);
    expect(await site.plan()).toEqual({});
    await site.destroy();
  });

  /** How often the agent was begun to be installed anywhere, read from the disks of the machines. */
  async function beginnings(): Promise<number> {
    const logs = await Promise.all(
      HOSTS.map((name) => readFile(join(site.host(name).root, "var/log/dpkg.log"), "utf8")),
    );
    return logs
      .join("\n")
      .split("\n")
      .filter((line) => / (install|upgrade) kace-reference-agent/.test(line)).length;
  }

  test("keeps its log-in to itself: neither the server's log nor the appliance has it in plain text", async () => {
    const key = site.lab.keys.ed25519.privateKey;
    const [, line = ""] = key.trim().split("\n");
    expect(line.length).toBeGreaterThan(40);
    expect(await site.serverLog()).not.toContain(line);
    const database = await readFile(join(site.database, "appliance.db"));
    expect(database.includes(line)).toBe(false);
  });
});
