import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { whyNoLab } from "../../examples/lab/lab.ts";
import { type LocalAppliance, openLocal } from "../../provider/appliance/local/local.ts";
import { agentPackages } from "../../tools/agent-packages/build.ts";
import { VERSION } from "./ground.ts";
import { agentStatus, EVENTUALLY, expectClean, installations } from "./machine-facts.ts";
import { Site } from "./site.ts";

const NEWER = "1.5.0";
/** Their agents are there, and are to update themselves, while the schedule looks after them too. */
const KEPT = ["sys01", "sys02", "sys03", "sys04"] as const;
/** They are set up anew, so that the schedule installs and enrols them again. */
const ANEW = ["web01", "web02", "web03"] as const;
const HOSTS = [...KEPT, ...ANEW];

/** A run is due every minute, and a machine that is busy takes its time for it. */
const AMID = { timeout: 480_000, interval: 100 };

vi.setConfig({ testTimeout: 1_200_000, hookTimeout: 900_000 });

describe.skipIf(whyNoLab() !== undefined)(
  "a server that is killed amid all that goes on at once, on real hosts",
  () => {
    let site: Site;
    let appliance: LocalAppliance;

    beforeAll(async () => {
      site = await Site.up({
        prefix: "killed",
        hosts: HOSTS.map((name) => ({ name, kind: name.startsWith("sys") ? "systemd" : "light" })),
      });
      await site.write(
        site.program({
          fleet: site.configuration({ targets: { ips: site.addresses(...KEPT) }, schedule: { every: "1 minute" } }),
          anew: site.configuration({ targets: { ips: site.addresses(...ANEW) }, schedule: { every: "1 minute" } }),
        }),
      );
      await site.up();
      await site.stopServer();
      appliance = await openLocal({ folder: site.database, who: "the test" });
    });

    afterAll(async () => {
      await appliance?.close();
      await site?.down();
    });

    /** Loads a newer version, and says who is to have it. */
    async function orderUpdates(): Promise<void> {
      const [file] = await agentPackages({
        version: NEWER,
        architectures: [process.arch === "arm64" ? "arm64" : "amd64"],
        formats: ["deb"],
        say: () => undefined,
      });
      if (file === undefined) throw new Error("no package was built");
      const { path, fileName, sha256, sizeBytes, format, version, architecture } = file;
      await appliance.putPackage(sha256, sizeBytes, createReadStream(path));
      const packages = [{ fileName, sha256, sizeBytes, format, version, architecture, platform: "linux" }];
      await appliance.saveBundle({ name: "newer", version, flavour: "reference", packages, loaded: true });
      await appliance.saveUpdatePolicy({
        enabled: true,
        filter: { all: [{ property: "hostname", operator: "startsWith", value: "sys" }] },
        version,
      });
    }

    const updates = async () => (await appliance.listTasks({ types: ["self-update"], limit: 1_000 })).tasks;

    const updated = async () => (await appliance.planUpdates({})).counts.right;

    /** What became of every order, to be read where something did not come. */
    const orders = async () => (await updates()).map(({ kuid, state, note = "" }) => `${kuid} ${state} ${note}`);

    const enrolments = async () =>
      (await appliance.listTokens({})).tokens.reduce((sum, { useCount }) => sum + useCount, 0);

    /** How often the agent was begun to be installed on the machines that were set up anew, read from their disks. */
    async function beginnings(): Promise<number> {
      const logs = await Promise.all(
        ANEW.map((name) => readFile(join(site.host(name).root, "var/log/dpkg.log"), "utf8")),
      );
      return logs.join("\n").match(/ (install|upgrade) kace-reference-agent/g)?.length ?? 0;
    }

    test("loses no update, no enrolment and no machine of the schedule, and orders nothing twice", async () => {
      for (const name of ANEW) await site.host(name).run(["dpkg", "--purge", "kace-reference-agent"]);
      const kept = new Map<string, string | undefined>();
      for (const name of KEPT) kept.set(name, (await agentStatus(site.host(name)))?.kuid);
      expect(await enrolments()).toBe(HOSTS.length);
      await orderUpdates();

      const moments: readonly (readonly [string, () => Promise<boolean>])[] = [
        ["an agent has its order", async () => (await updates()).some(({ state }) => state !== "ready")],
        ["an agent is updated", async () => (await updated()) > 0],
        ["the schedule installs", async () => (await beginnings()) > ANEW.length],
        ["a machine has enrolled", async () => (await enrolments()) > HOSTS.length],
        ["half of the agents are updated", async () => (await updated()) > KEPT.length / 2],
      ];
      await site.startServer();
      for (const [what, hasCome] of moments) {
        await expect.poll(async () => (await hasCome()) || (await orders()), { ...AMID, message: what }).toBe(true);
        await site.killServer();
        await site.startServer();
      }

      for (const name of HOSTS) {
        const agentVersion = KEPT.some((one) => one === name) ? NEWER : VERSION;
        await expect
          .poll(() => agentStatus(site.host(name)), { ...EVENTUALLY, timeout: AMID.timeout, message: name })
          .toMatchObject({ connected: true, state: "approved", agentVersion });
      }
      await expect.poll(updated, { ...EVENTUALLY, message: "what the policy says" }).toBe(KEPT.length);
      for (const name of KEPT) {
        const installed = await installations(site.host(name));
        expect({ name, installed }).toEqual({ name, installed: [VERSION, NEWER] });
        expect((await agentStatus(site.host(name)))?.kuid).toBe(kept.get(name));
      }
      for (const name of ANEW) {
        const installed = await installations(site.host(name));
        expect({ name, installed }).toEqual({ name, installed: [VERSION, VERSION] });
      }
      // Each enrolled once more, however often the server was away when it tried.
      expect(await enrolments()).toBe(HOSTS.length + ANEW.length);
      // What no agent has heard of is called back where it is not connected any more, or is found right already.
      const heard = (await updates()).filter(({ state }) => state !== "cancelled");
      expect(heard.filter(({ state }) => state !== "completed")).toEqual([]);
      expect(new Set(heard.map(({ kuid }) => kuid)).size).toBe(heard.length);
      expect((await appliance.getUpdatePolicy({})).held).toBeUndefined();
    });

    test("finds everything right after it, and leaves nothing on the machines", async () => {
      await site.refresh("--expect-no-changes");
      expect(await site.plan()).toEqual({});
      for (const name of HOSTS) await expectClean(site.host(name));
      // The run before may have met a machine whose update was just ending; the one that is due next finds it right.
      await expect
        .poll(async () => (await site.kace(["results"])).exitCode, { ...EVENTUALLY, timeout: AMID.timeout })
        .toBe(0);
    });
  },
);
