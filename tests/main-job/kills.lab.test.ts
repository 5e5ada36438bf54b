import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { whyNoLab } from "../../examples/lab/lab.ts";
import type { CliProcess } from "../e2e/cli.ts";
import { VERSION } from "./ground.ts";
import { EVENTUALLY, expectClean, installations, leftovers } from "./machine-facts.ts";
import { Site } from "./site.ts";

/** How often each of them is killed; more in a night than in a build. */
const KILLS = Number(process.env.KILLS ?? 2);

const HOSTS = ["sys01", "sys02", "web01", "web02", "web03", "web04", "web05", "web06", "web07", "web08"] as const;
const UP = ["up", "--yes", "--skip-preview"];

// Runs and hosts end when they do; nothing here is about how long that takes on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 });

describe.skipIf(whyNoLab() !== undefined)("a run of ten hosts that is ended in the middle of its work", () => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.up({
      prefix: "kills",
      hosts: HOSTS.map((name) => ({ name, kind: name.startsWith("sys") ? "systemd" : "light" })),
    });
    await site.write(site.fleet({ targets: { ips: site.addresses() } }));
  });

  afterAll(() => site?.down());

  /** Starts `up` and gives it when it is at work and so many machines have begun to install, and a moment after. */
  async function midway({ begun, afterMs }: Moment): Promise<CliProcess> {
    const run = await site.start(UP);
    await expect
      .poll(async () => run.output(), { ...EVENTUALLY, message: "the configuration is worked on" })
      .toMatch(/ProvisioningConfig fleet creating/);
    await expect
      .poll(installing, { timeout: EVENTUALLY.timeout, interval: 20, message: "machines that install" })
      .toBeGreaterThanOrEqual(begun);
    await pause(afterMs);
    return run;
  }

  /** How many machines have begun to install, read from their disks: a command on each would slow them down. */
  async function installing(): Promise<number> {
    const logs = HOSTS.map((name) => readFile(join(site.host(name).root, "var/log/dpkg.log"), "utf8"));
    return (await Promise.allSettled(logs)).filter(
      (log) => log.status === "fulfilled" && log.value.includes("kace-reference-agent"),
    ).length;
  }

  /** What every one of these comes to: the next `up` makes everything right, and nothing was made or done twice. */
  async function expectConverges(): Promise<void> {
    await site.up();
    for (const name of HOSTS) {
      const result = await site.resultOf(name);
      expect(result, name).toMatchObject({ version: VERSION });
      expect(["succeeded", "unchanged"], name).toContain(result.class);
      expect(await installations(site.host(name)), name).toEqual([VERSION]);
      await expectClean(site.host(name));
    }
    expect(await site.summary()).toMatchObject({ total: HOSTS.length, percentSucceeded: 100 });
    for (const [command, count] of [
      ["tokens", 1],
      ["config", 1],
      ["devices", HOSTS.length],
    ] as const) {
      const { exitCode, output } = await site.kace([command, "list", "--json"]);
      expect(exitCode, output).toBe(0);
      expect(JSON.parse(output), command).toHaveLength(count);
    }
    // An interrupted creation is remembered by the engine until somebody says that there is nothing behind it.
    if ((await site.pendingOperations()).length > 0)
      await site.succeed(["refresh", "--yes", "--skip-preview", "--clear-pending-creates"]);
    expect(await site.pendingOperations()).toEqual([]);
  }

  /** Everything off again, so that the next run begins with a first creation. */
  async function startOver(): Promise<void> {
    await site.destroy();
    for (const name of HOSTS) {
      const host = site.host(name);
      expect(await leftovers(host), name).toEqual([]);
      await host.run(["sh", "-c", ": >/var/log/dpkg.log; dpkg --purge kace-reference-agent || true"]);
    }
    const removed = await site.kace(["devices", "remove", ...(await devices()).map(({ kuid }) => kuid)]);
    expect(removed.exitCode, removed.output).toBe(0);
  }

  async function devices(): Promise<readonly { readonly kuid: string }[]> {
    const { exitCode, output } = await site.kace(["devices", "list", "--json"]);
    expect(exitCode, output).toBe(0);
    return JSON.parse(output);
  }

  async function expectNoPluginLeft(): Promise<void> {
    await expect.poll(() => site.plugins(), { ...EVENTUALLY, message: "plugins" }).toEqual([]);
  }

  test.each(moments())("kill -9 of the plugin ($begun machines have begun, $afterMs ms later)", async (moment) => {
    const run = await midway(moment);
    for (const pid of await site.plugins()) process.kill(pid, "SIGKILL");
    await run.ended;
    await expectConverges();
    await startOver();
  });

  test.each(moments())("kill -9 of the CLI ($begun machines have begun, $afterMs ms later)", async (moment) => {
    const run = await midway(moment);
    run.killHard();
    await run.ended;
    await expectNoPluginLeft();
    await site.succeed(["cancel", "--yes"]);
    await expectConverges();
    await startOver();
  });

  test.each([
    ["once", 1],
    ["twice", 2],
  ])("Ctrl-C, pressed %s", async (_title, times) => {
    const run = await midway({ begun: 3, afterMs: 0 });
    let isOver = false;
    const ended = run.ended.finally(() => {
      isOver = true;
    });
    for (let pressed = 0; pressed < times && !isOver; pressed++) {
      run.pressCtrlC();
      await pause(500);
    }
    const { exitCode, output } = await ended;
    expect(exitCode, output).not.toBe(0);
    await expectNoPluginLeft();
    await site.run(["cancel", "--yes"]);
    await expectConverges();
    await startOver();
  });
});

/** A moment in the work of a run. */
interface Moment {
  /** How many machines had begun to install. */
  readonly begun: number;
  readonly afterMs: number;
}

/** Where in its work each run is ended: at random, and said in the test's name, so that a failure can be repeated. */
function moments(): Moment[] {
  return Array.from({ length: KILLS }, () => ({
    begun: Math.floor(Math.random() * HOSTS.length),
    afterMs: Math.floor(Math.random() * 1_500),
  }));
}
