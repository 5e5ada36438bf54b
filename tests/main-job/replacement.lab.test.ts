import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { whyNoLab } from "../../examples/lab/lab.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { ref } from "../e2e/project.ts";
import { expectClean } from "./machine-facts.ts";
import { Site } from "./site.ts";

// Several runs of the CLI on real hosts; nothing here is about how long that takes.
vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

describe.skipIf(whyNoLab() !== undefined)("a replacement that nothing in the program asks for", () => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.up({ prefix: "renew", hosts: [{ name: "web01", kind: "systemd" }] });
    await write();
    await site.up();
  });

  afterAll(() => site?.down());

  async function write(provider?: string): Promise<void> {
    const options = provider === undefined ? {} : { provider: ref(provider) };
    const { resources = {} } = site.fleet({ targets: { ips: site.addresses() } });
    const all = Object.entries(resources).map(([name, resource]) => [name, { ...resource, options }]);
    await site.write({ resources: { other: { type: "pulumi:providers:kace" }, ...Object.fromEntries(all) } });
  }

  /** The process of the agent, its identity, and what the appliance has of token and configuration. */
  async function standing() {
    const host = site.host("web01");
    const process = await host.run(["systemctl", "show", "--property=MainPID", "kace-reference-agent"]);
    const appliance = await openLocal({ folder: site.database, readOnly: true });
    try {
      const { tokens } = await appliance.listTokens({});
      const { value } = await appliance.getToken({ id: tokens[0]?.id ?? "" });
      const { configurations } = await appliance.listConfigurations({});
      const { devices } = await appliance.findDevices({});
      return {
        process,
        tokens: tokens.map(({ id }) => id),
        ofToken: (await appliance.checkToken({ value })).status,
        configurations: configurations.map(({ id }) => id),
        devices: devices.map(({ kuid, state, connected }) => ({ kuid, state, connected })),
      };
    } finally {
      await appliance.close();
    }
  }

  test.each([undefined, "other"])(
    "keeps the agents, the token and the records, by the provider %s",
    async (provider) => {
      const before = await standing();
      expect(before).toMatchObject({ ofToken: "valid", devices: [{ state: "approved", connected: true }] });
      await write(provider);
      const urns = (await site.recorded()).filter(({ type }) => type.startsWith("kace:")).map(({ urn }) => urn);
      expect(urns).toHaveLength(3);
      await site.up(...urns.flatMap((urn) => ["--replace", urn]));
      expect(await standing()).toEqual(before);
      await site.preview("--expect-no-changes");
    },
  );

  test("is destroyed with its agents, though the appliance has lost the configuration", async () => {
    const [id = ""] = (await standing()).configurations;
    const lost = await site.kace(["config", "delete", id, "--force"]);
    expect(lost.exitCode, lost.output).toBe(0);
    await site.destroy();
    await expectClean(site.host("web01"));
    expect(await site.host("web01").exists("/opt/kace-reference")).toBe(false);
  });
});
