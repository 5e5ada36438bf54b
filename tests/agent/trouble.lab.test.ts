import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { Lab } from "../../examples/lab/lab.ts";
import {
  type Activation,
  activate,
  type DesiredAgent,
  planFor,
  probe,
  resumeActivation,
} from "../../provider/agent/agent.ts";
import type { ByteSource } from "../../provider/machines/machine.ts";
import { Listener, Site, type StandIn } from "./site.ts";
import { type Misbehaviour, standInPackage } from "./stand-in.ts";

const MISBEHAVIOURS = ["exits-1", "hangs", "kills-connection", "service-fails", "reboots", "waits"] as const;

let lab: Lab;
let folder: string;
let listener: Listener;
let site: Site;
let small: Site;
const bad = new Map<Misbehaviour, StandIn>();

/** A machine that is asked for an eventual state, however busy this one is. */
const eventually = { timeout: 120_000, interval: 500 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kace-trouble-"));
  lab = await Lab.up({
    prefix: "agbad",
    hosts: [
      { name: "web01", kind: "systemd" },
      { name: "tiny", kind: "systemd", smallDiskBytes: 256 * 1024 },
    ],
  });
  listener = await Listener.on(lab.gateway);
  const good = await standInPackage(folder, "1.4.2");
  for (const one of MISBEHAVIOURS) bad.set(one, await standInPackage(folder, "1.4.2", one));
  const all = [good, ...bad.values()];
  site = new Site(lab, lab.host("web01"), listener.port, all);
  small = new Site(lab, lab.host("tiny"), listener.port, all);
});

afterAll(async () => {
  await listener?.close();
  await lab?.down();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await site.host.setFirewall("none");
  await site.clean();
});

/** The configuration with nothing but a package that misbehaves. */
function only(misbehaviour: Misbehaviour): Partial<DesiredAgent> {
  const one = bad.get(misbehaviour);
  if (one === undefined) throw new Error(`no package for ${misbehaviour}`);
  return { packages: [one.package] };
}

/** The next run with a good package: what it must always come to. */
async function expectRepair(): Promise<void> {
  expect(await site.up()).toMatchObject({ class: "succeeded" });
  expect(await site.plan()).toMatchObject({ action: "none", writes: false });
  await vi.waitFor(async () => expect(await site.leftovers()).toBe(""), eventually);
}

test("an installer that fails: its exit code, its last words, and nothing left behind", async () => {
  const ended = await site.up(only("exits-1"));
  expect(ended).toMatchObject({
    class: "failed",
    code: "install-failed",
    message: "the installer ended with exit code 1",
  });
  expect(ended.log.join("\n")).toContain("the stand-in refuses to be installed");
  expect(await site.leftovers()).toBe("");
  await expectRepair();
});

test("an installer that hangs is ended with all that it started", async () => {
  const ended = await site.up(only("hangs"), { timeouts: { installMs: 6_000 } });
  expect(ended).toMatchObject({ class: "failed", code: "install-timeout" });
  expect((await site.host.exec(["pgrep", "-f", "sleep 100000"])).stdout).toBe("");
  expect(await site.leftovers()).toBe("");
  await expectRepair();
});

test("an installer that ends the connection is heard out on the next one", async () => {
  const machine = await site.connect();
  const desired = { ...site.desired, ...only("kills-connection") };
  const request = site.request(desired);
  const seen = await probe(machine, { flavours: [desired.flavour], configurationId: desired.configurationId });
  const plan = planFor(seen, desired);
  const cut = await activate(machine, plan, request);
  await machine.close();
  expect(cut).toMatchObject({ class: "failed", code: "lost", resumable: true });
  const ended = await site.with((again) => resumeActivation(again, plan, request));
  expect(ended).toMatchObject({ class: "succeeded", evidence: { agent: { connected: "yes" } } });
  expect(await site.installs()).toEqual(["configure 1.4.2"]);
  expect(await site.leftovers()).toBe("");
});

test("a service that does not stay up is found out, with its own log", async () => {
  const ended = await site.up(only("service-fails"));
  expect(ended).toMatchObject({ class: "failed", code: "service-not-running" });
  expect(ended.log.length).toBeGreaterThan(0);
  await site.clean();
  await expectRepair();
});

test("an installer that asks for a restart is believed where the service does not stay up", async () => {
  await site.host.writeFile("/run/reboot-required.pkgs", "linux-image-amd64\nkace-reference-agent\n");
  expect(await site.up(only("service-fails"))).toMatchObject({ class: "failed", code: "reboot-required" });
  await site.host.run(["rm", "/run/reboot-required.pkgs"]);
  await expectRepair();
});

test("a full disk is found by the look, and where it fills up later, by the work", async () => {
  expect(await small.plan()).toMatchObject({ action: "blocked", code: "disk-full" });
  await small.host.run(["sh", "-c", "head -c 150000 /dev/zero >/opt/filler"]);
  const ended = await small.up({ minimumDiskBytes: 1 });
  expect(ended).toMatchObject({ class: "failed", code: "disk-full" });
  expect(await small.leftovers()).toBe("");
});

test("a package that was altered on the way is not installed", async () => {
  const altered = (source: ByteSource): ByteSource => ({
    ...source,
    open: async function* () {
      for await (const chunk of source.open()) yield chunk.map((byte, index) => (index === 100 ? byte ^ 1 : byte));
    },
  });
  const ended = await site.up({}, { source: (chosen) => altered(site.open(chosen.sha256)) });
  expect(ended).toMatchObject({ class: "failed", code: "checksum-mismatch" });
  expect(await site.installs()).toEqual([]);
  expect(await site.leftovers()).toBe("");
});

test("a connection that is cut in the middle of the package leaves nothing on the machine", async () => {
  const machine = await site.connect();
  const stalling = (source: ByteSource): ByteSource => ({
    ...source,
    open: async function* () {
      for await (const chunk of source.open()) {
        yield chunk.subarray(0, Math.ceil(chunk.length / 2));
        await vi.waitFor(async () => expect(await site.leftovers()).toContain("/var/tmp/"), eventually);
        await machine.close();
        return;
      }
    },
  });
  const seen = await site.look();
  const request = site.request({}, { source: (chosen) => stalling(site.open(chosen.sha256)) });
  const ended = await activate(machine, planFor(seen, site.desired), request);
  expect(ended).toMatchObject({ class: "failed" });
  expect(["upload-failed", "lost"]).toContain(ended.class === "failed" ? ended.code : "");
  await vi.waitFor(async () => expect(await site.leftovers()).toBe(""), eventually);
  expect(await site.installs()).toEqual([]);
  await expectRepair();
});

test("two configurations at once: one works, the other is told that the machine is busy", async () => {
  const stranger = { ...site.desired, configurationId: "urn:db", takeOver: true };
  const plan = planFor(await site.look(stranger), stranger);
  await site.hold();
  let second: Promise<Activation> | undefined;
  const first = await site.up(only("waits"), {
    onLog: () => {
      second ??= site.with((machine) => activate(machine, plan, site.request(stranger))).finally(() => site.release());
    },
  });
  expect(first).toMatchObject({ class: "succeeded" });
  expect(await second).toMatchObject({ class: "failed", code: "busy", message: expect.stringContaining("urn:web") });
  expect(await site.installs()).toEqual(["configure 1.4.2"]);
  expect(await site.leftovers()).toBe("");
});

test("a run whose controller vanished is waited for, and installs nothing twice", async () => {
  const machine = await site.connect();
  const desired = { ...site.desired, ...only("waits") };
  const plan = planFor(await site.look(desired), desired);
  await site.hold();
  const working = Promise.withResolvers<void>();
  const left = activate(machine, plan, site.request(desired, { onLog: () => working.resolve() }));
  await working.promise;
  await machine.close();
  expect(await left).toMatchObject({ class: "failed", resumable: true });
  const seen = await site.look();
  expect(seen.lock).toMatchObject({ configurationId: "urn:web" });
  expect(planFor(seen, site.desired)).toMatchObject({ awaits: { runId: expect.any(String) } });
  const request = site.request({}, { onLog: () => void site.release() });
  const ended = await site.with((again) => activate(again, planFor(seen, site.desired), request));
  expect(["succeeded", "unchanged"]).toContain(ended.class);
  expect(await site.installs()).toEqual(["configure 1.4.2"]);
  await vi.waitFor(async () => expect(await site.leftovers()).toBe(""), eventually);
  expect(await site.plan()).toMatchObject({ action: "none", writes: false });
});

test("a cancelled run leaves the installer to end by itself", async () => {
  await site.hold();
  const stop = new AbortController();
  const ended = await site.up(only("waits"), { signal: stop.signal, onLog: () => stop.abort() });
  expect(ended).toMatchObject({ class: "failed", code: "lost", resumable: true });
  await site.release();
  await vi.waitFor(async () => expect(await site.plan()).toMatchObject({ action: "none" }), eventually);
  expect(await site.installs()).toEqual(["configure 1.4.2"]);
  await site.up();
  expect(await site.leftovers()).toBe("");
});

test("a machine that restarts during the installation is put right by the next run", async () => {
  const machine = await site.connect();
  const desired = { ...site.desired, ...only("reboots") };
  const before = await site.look(desired);
  const plan = planFor(before, desired);
  const request = site.request(desired);
  const cut = await activate(machine, plan, request);
  await machine.close();
  expect(cut).toMatchObject({ class: "failed", resumable: true });
  await vi.waitFor(async () => {
    const after = await site.look(desired);
    expect(after.bootId).not.toBe(before.bootId);
  }, eventually);
  const ended = await site.with((again) => resumeActivation(again, plan, request));
  expect(ended).toMatchObject({ class: "failed", code: "lost", transient: true });
  await expectRepair();
});

test("without a token that is good an agent lands in quarantine, and a good one gets it out", async () => {
  expect(await site.up({}, { token: "bad-token" })).toMatchObject({ class: "failed", code: "quarantined" });
  expect(await site.plan()).toMatchObject({ action: "blocked", code: "quarantined" });
  expect(await site.plan({ canEnrol: true })).toMatchObject({ action: "repair" });
  expect(await site.up({ canEnrol: true })).toMatchObject({ class: "succeeded" });
});

test("a machine that cannot find or reach the server is told apart before anything is written", async () => {
  const nowhere = { server: { host: "no-such-name.invalid", port: 8443 } };
  expect(await site.plan(nowhere)).toMatchObject({ action: "blocked", code: "server-unresolvable" });
  await site.host.setFirewall("cut-off");
  expect(await site.plan()).toMatchObject({ action: "blocked", code: "server-unreachable" });
  expect(await site.leftovers()).toBe("");
});

test("what killed processes left is cleared without touching a right agent", async () => {
  expect(await site.up()).toMatchObject({ class: "succeeded" });
  await site.host.run([
    "sh",
    "-c",
    "mkdir -m 700 /var/tmp/pulumi-kace-dead && echo half >/var/tmp/pulumi-kace-dead/package.deb && ln -s dead:urn%3Aweb:999999:1:another-boot /run/pulumi-kace.lock",
  ]);
  expect(await site.plan()).toMatchObject({ action: "none", sweeps: true, writes: true });
  expect(await site.up()).toMatchObject({ class: "unchanged" });
  expect(await site.leftovers()).toBe("");
  expect(await site.installs()).toEqual(["configure 1.4.2"]);
});

test("another process that holds the package manager is waited for", async () => {
  const { host } = site;
  await host.writeFile(
    "/root/blocker/DEBIAN/control",
    "Package: blocker\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\nDescription: holds dpkg\n",
  );
  const postinst = "#!/bin/sh\ntouch /run/blocking\nwhile [ -e /run/blocking ]; do sleep 0.2; done\n";
  await host.writeFile("/root/blocker/DEBIAN/postinst", postinst, 0o755);
  await host.run(["dpkg-deb", "-b", "/root/blocker", "/root/blocker.deb"]);
  const blocker = host.run(["dpkg", "-i", "/root/blocker.deb"]);
  await vi.waitFor(async () => expect(await host.exists("/run/blocking")).toBe(true), eventually);
  const lines: string[] = [];
  let released: Promise<string> | undefined;
  const ended = await site.up(
    {},
    {
      onLog: (line) => {
        lines.push(line);
        if (line.includes("package manager")) released ??= host.run(["rm", "-f", "/run/blocking"]);
      },
    },
  );
  expect(ended).toMatchObject({ class: "succeeded" });
  expect(lines).toContain("another process is using the package manager, waiting for it");
  await released;
  await blocker;
});
