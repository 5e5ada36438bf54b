import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { whyNoLab } from "../../examples/lab/lab.ts";
import { EVENTUALLY } from "./machine-facts.ts";
import { Site } from "./site.ts";

// An agent checks in when it is due, on a busy machine a little later; nothing here is about how long that takes.
vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

const RHYTHM = { timeout: 600_000, interval: 1_000 };

const AGENT = "/opt/kace-reference/bin/kace-agent";

const status = z.object({
  connected: z.boolean(),
  lastCheckIn: z.string().optional(),
  waiting: z.boolean().default(false),
  settings: z.object({
    revision: z.int(),
    communicationsWindow: z.object({ from: z.string(), to: z.string() }),
    runIntervalSeconds: z.number(),
    splashText: z.string(),
  }),
});

describe.skipIf(whyNoLab() !== undefined)("settings and a real agent", () => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.up({ prefix: "settle", hosts: [{ name: "web01", kind: "systemd" }] });
    await write({ runInterval: "24h" });
    await site.up();
  });

  afterAll(() => site?.down());

  const agent = async () => status.parse(JSON.parse(await site.host("web01").run([AGENT, "status", "--json"])));

  async function write(properties: Readonly<Record<string, unknown>>): Promise<void> {
    const fleet = site.configuration({ targets: { ips: site.addresses() } });
    await site.write(site.program({ settings: { type: "kace:AgentSettings", properties }, fleet }));
  }

  /** When the appliance got the inventory that it has. */
  async function inventoryAt(): Promise<string> {
    const { exitCode, output } = await site.kace(["devices", "list", "--json"]);
    expect(exitCode, output).toBe(0);
    const [device] = z.array(z.object({ inventoryAt: z.string() })).parse(JSON.parse(output));
    return device?.inventoryAt ?? "";
  }

  /** A time of day of the machine, so many hours from now. */
  async function inHours(hours: number): Promise<string> {
    return (await site.host("web01").run(["date", "--date", `${hours} hours`, "+%H:%M"])).trim();
  }

  test("a shorter run interval reaches the agent, which checks in by it without a restart", async () => {
    await expect.poll(async () => (await agent()).settings.runIntervalSeconds, EVENTUALLY).toBe(86_400);
    const started = await site.host("web01").run(["systemctl", "show", "--property=MainPID", "kace-reference-agent"]);
    await write({ runInterval: "1m", splashText: "Please wait for this test" });
    await site.up();
    await expect
      .poll(async () => (await agent()).settings, EVENTUALLY)
      .toMatchObject({ runIntervalSeconds: 60, splashText: "Please wait for this test" });
    for (let run = 0; run < 2; run++) {
      const [before, inventoryBefore] = [(await agent()).lastCheckIn, await inventoryAt()];
      await expect.poll(async () => (await agent()).lastCheckIn, RHYTHM).not.toBe(before);
      await expect.poll(inventoryAt, EVENTUALLY).not.toBe(inventoryBefore);
    }
    expect(await site.host("web01").run(["systemctl", "show", "--property=MainPID", "kace-reference-agent"])).toBe(
      started,
    );
  });

  test("outside of its window it stays connected and waits, and is asked all the same", async () => {
    const window = { from: await inHours(6), to: await inHours(8) };
    await write({ runInterval: "1m", communicationsWindow: window });
    await site.up();
    await expect.poll(agent, RHYTHM).toMatchObject({ connected: true, waiting: true });
    const before = await inventoryAt();
    await site.host("web01").run([AGENT, "check-in"]);
    await expect.poll(inventoryAt, EVENTUALLY).not.toBe(before);
    expect(await site.host("web01").run([AGENT, "status"])).toContain(`from ${window.from} to ${window.to}`);
  });

  test("it knows them after a restart without its server", async () => {
    const { settings } = await agent();
    await site.stopServer();
    await site.host("web01").run(["systemctl", "restart", "kace-reference-agent"]);
    await expect.poll(agent, EVENTUALLY).toMatchObject({ connected: false, settings });
    await site.startServer();
    await expect.poll(agent, EVENTUALLY).toMatchObject({ connected: true, settings });
  });

  test("and goes back to the defaults when the resource is deleted", async () => {
    await site.write(site.program({ fleet: site.configuration({ targets: { ips: site.addresses() } }) }));
    await site.up();
    await expect
      .poll(async () => (await agent()).settings, EVENTUALLY)
      .toMatchObject({ runIntervalSeconds: 3_600, communicationsWindow: { from: "00:00", to: "00:00" } });
  });
});
