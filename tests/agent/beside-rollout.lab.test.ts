import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Lab, type LabHost, whyNoLab } from "../../examples/lab/lab.ts";
import type { DesiredAgent } from "../../provider/agent/agent.ts";
import { type LocalAppliance, openLocal } from "../../provider/appliance/local/local.ts";
import { agentPackages, type PackageFile, type Variant } from "../../tools/agent-packages/build.ts";
import { type Served, served } from "../appliance/served.ts";
import { Site } from "./site.ts";

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const EVENTUALLY = { timeout: 300_000, interval: 500 };
const PREFIX = "beside";
const SERVICE = "kace-reference-agent";
const WATCHDOG = "kace-reference-agent-update";
const UPDATE = "/var/lib/kace-reference/update";
const LOCK = "/run/pulumi-kace.lock";
const ARCHITECTURE = process.arch === "arm64" ? "arm64" : "amd64";

/** As long as a new agent that never connects is waited for: enough to meet it on a busy machine. */
const CONFIRM_SECONDS = 60;

async function built(version: string, variant?: Variant): Promise<PackageFile> {
  const [file] = await agentPackages({
    version,
    architectures: [ARCHITECTURE],
    formats: ["deb"],
    ...(variant !== undefined && { flavourOptions: { flavour: "reference", variant } }),
    say: () => undefined,
  });
  if (file === undefined) throw new Error("no package was built");
  return file;
}

describe.skipIf(whyNoLab() !== undefined)("an update of an agent and a run of a configuration on one machine", () => {
  let lab: Lab;
  let host: LabHost;
  let site: Site;
  let folder: string;
  let appliance: LocalAppliance;
  let gateway: Served | undefined;
  let server: DesiredAgent["server"];
  let token: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "kace-beside-"));
    const files = await Promise.all(["1.4.2", "1.5.0", "1.6.0"].map((version) => built(version)));
    lab = await Lab.up({ prefix: PREFIX, hosts: [{ name: "web01", kind: "systemd" }] });
    host = lab.host("web01");
    gateway = await served(folder, { host: lab.gateway, name: "gateway" });
    server = { host: "gateway", port: gateway.port, caCertificate: gateway.ca };
    appliance = await openLocal({ folder, who: "the test", now: Date.now });
    token = (await appliance.createToken({ name: "agents" })).value;
    const packages = files.map((file) => ({ path: file.path, package: { ...file, platform: "linux" as const } }));
    site = new Site(lab, host, server.port, packages);
    expect(await run("1.4.2")).toMatchObject({ class: "succeeded" });
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

  /** A run of a configuration that wants a version at least. */
  const run = (version: string, onLog?: (line: string) => void) =>
    site.up({ server, version }, { token, ...(onLog !== undefined && { onLog }) });

  /** Orders an update, as a policy does; gives the id of its task. */
  async function order(file: PackageFile): Promise<string> {
    const { path, fileName, sha256, sizeBytes, format, version } = file;
    await appliance.putPackage(sha256, sizeBytes, createReadStream(path));
    const { kuid } = JSON.parse(await host.run(["cat", "/var/lib/kace-reference/status.json"]));
    const payload = { fileName, sha256, sizeBytes, format, version, confirmSeconds: CONFIRM_SECONDS };
    const { tasks } = await appliance.queueTasks({ kuids: [kuid], type: "self-update", payload });
    return tasks[0]?.id ?? "";
  }

  async function ended(id: string): Promise<{ readonly state: string; readonly note?: string | undefined }> {
    await expect.poll(async () => (await appliance.getTask({ id })).state, EVENTUALLY).toMatch(/ed$|^timed-out$/);
    const { state, note } = await appliance.getTask({ id });
    return { state, ...(note !== undefined && { note }) };
  }

  const said = async (unit: string) => host.run(["journalctl", "--no-pager", "--output=cat", `--unit=${unit}`]);

  async function isConfirming(): Promise<boolean> {
    const { stdout } = await host.exec(["cat", `${UPDATE}/state.json`]);
    return stdout !== "" && JSON.parse(stdout).phase === "confirming";
  }

  async function expectVersion(version: string): Promise<void> {
    const installed = async () => (await host.packages()).find((one) => one.name === SERVICE)?.version;
    await expect.poll(installed, EVENTUALLY).toBe(version);
    const looked = async () => (await site.look({ server })).agents[0];
    await expect.poll(looked, EVENTUALLY).toMatchObject({ version, connected: "yes" });
  }

  test("the update keeps the run off until it is over, and the run does its work then", async () => {
    const id = await order(await built("1.5.0", "never-connects"));
    await expect.poll(isConfirming, EVENTUALLY).toBe(true);
    expect(await run("1.5.0")).toMatchObject({
      class: "failed",
      code: "busy",
      message: "an update of its agent is under way on the machine",
    });
    expect(await ended(id)).toMatchObject({ state: "failed", note: expect.stringMatching(/^1\.4\.2 was put back: /) });
    await expect.poll(() => site.leftovers(), EVENTUALLY).toBe("");
    expect(await run("1.5.0")).toMatchObject({ class: "succeeded", evidence: { agent: { version: "1.5.0" } } });
  });

  test("the update waits for a run, and leaves the newer version that it installed", async () => {
    // What keeps the run at work: another installation that does not end.
    await host.writeFile(
      "/var/tmp/blocker/DEBIAN/control",
      "Package: blocker\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\nDescription: holds dpkg\n",
    );
    const postinst = "#!/bin/sh\ntouch /run/blocking\nwhile [ -e /run/blocking ]; do sleep 0.2; done\n";
    await host.writeFile("/var/tmp/blocker/DEBIAN/postinst", postinst, 0o755);
    await host.run(["dpkg-deb", "-b", "/var/tmp/blocker", "/var/tmp/blocker.deb"]);
    const blocker = host.run(["dpkg", "-i", "/var/tmp/blocker.deb"], { timeoutMs: 300_000 });
    await expect.poll(() => host.exists("/run/blocking"), EVENTUALLY).toBe(true);
    const waiting = Promise.withResolvers<void>();
    const running = run("1.6.0", (line) => {
      if (line.includes("package manager")) waiting.resolve();
    });
    await waiting.promise;
    const id = await order(await built("1.5.1"));
    await expect.poll(() => said(SERVICE), EVENTUALLY).toMatch(/update: waiting.*urn:web/);
    expect(await host.exists(`${UPDATE}/state.json`)).toBe(false);
    await host.run(["rm", "/run/blocking"]);

    expect(await running).toMatchObject({ class: "succeeded", evidence: { agent: { version: "1.6.0" } } });
    expect(await ended(id)).toEqual({
      state: "completed",
      note: "meanwhile version 1.6.0 was installed, which is newer than 1.5.1",
    });
    await expectVersion("1.6.0");
    expect(await host.dpkgLog()).not.toEqual(expect.arrayContaining([expect.stringContaining("1.5.1")]));
    expect(await site.leftovers()).toBe("");
    await blocker;
  });

  test("an agent that is removed while its update waits for a run is gone, and so is its update", async () => {
    await order(await built("1.7.0", "never-connects"));
    await expect.poll(isConfirming, EVENTUALLY).toBe(true);
    // Interrupted, it comes back in a moment, and finds the machine taken by a run whose process lives.
    const taken = `set -- $(sed 's/.*) //' /proc/1/stat); shift 19
      ln -sfn "run-9:urn%3Adb:1:$1:$(cat /proc/sys/kernel/random/boot_id)" ${LOCK}`;
    await host.run(["sh", "-c", `systemctl kill --signal=KILL ${WATCHDOG}; ${taken}`]);
    await expect.poll(() => said(WATCHDOG), EVENTUALLY).toMatch(/waiting.*urn:db/);
    expect(await run("1.6.0")).toMatchObject({
      class: "failed",
      code: "busy",
      message: expect.stringContaining("urn:db"),
    });
    await host.run(["dpkg", "--purge", SERVICE]);

    const left = await host.exec([
      "sh",
      "-c",
      `ls -d /opt/kace-reference /var/lib/kace-reference; pgrep -f "watch-[u]pdate"`,
    ]);
    expect(left.stdout).toBe("");
    expect(await host.exists(`/etc/systemd/system/${WATCHDOG}.service`)).toBe(false);
    expect(await host.run(["readlink", LOCK])).toContain("run-9:");
    await host.run(["rm", LOCK]);
    expect(await run("1.6.0")).toMatchObject({ class: "succeeded", evidence: { agent: { version: "1.6.0" } } });
    expect(await host.exists("/var/lib/kace-reference")).toBe(true);
    expect(await site.leftovers()).toBe("");
  });
});
