import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Lab } from "../../examples/lab/lab.ts";
import { Listener, Site } from "./site.ts";
import { standInPackage } from "./stand-in.ts";

let lab: Lab;
let folder: string;
let listener: Listener;
let other: Listener;
let site: Site;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kace-life-"));
  lab = await Lab.up({ prefix: "aglife", hosts: [{ name: "web01", kind: "systemd" }] });
  listener = await Listener.on(lab.gateway);
  other = await Listener.on(lab.gateway);
  const packages = [await standInPackage(folder, "1.4.2"), await standInPackage(folder, "1.5.0")];
  site = new Site(lab, lab.host("web01"), listener.port, packages);
});

afterAll(async () => {
  await listener?.close();
  await other?.close();
  await lab?.down();
  await rm(folder, { recursive: true, force: true });
});

test("an agent is installed, proved and recorded, without the token in any place but the agent's own", async () => {
  const lines: string[] = [];
  const ended = await site.up({ version: "1.4.2" }, { onLog: (line) => lines.push(line) });
  expect(ended).toMatchObject({
    class: "succeeded",
    evidence: {
      agent: {
        version: "1.4.2",
        connected: "yes",
        enrolment: "approved",
        service: { state: "active", enabled: "yes" },
      },
    },
  });
  expect(ended.probeAfter?.lock).toBeUndefined();
  expect(lines).toContain("installing reference 1.4.2 (deb)");
  expect(await site.installs()).toEqual(["configure 1.4.2"]);
  expect(JSON.parse(await site.host.readFile("/var/lib/pulumi-kace/receipt.json"))).toMatchObject({
    configurationId: "urn:web",
    version: "1.4.2",
    adopted: false,
  });
  expect((await site.host.run(["stat", "-c", "%a %U", "/var/lib/pulumi-kace/receipt.json"])).trim()).toBe("600 root");
  expect(await site.leftovers()).toBe("");
  const found = await site.host.exec(["grep", "-rl", "canary-4711", "/etc", "/opt", "/run", "/tmp", "/var"]);
  expect(found.stdout).toBe("");
});

test("a second run finds it right and writes nothing", async () => {
  const before = await site.listing();
  const plan = await site.plan({ version: "1.4.2" });
  expect(plan).toMatchObject({ action: "none", writes: false });
  expect(await site.listing()).toBe(before);
});

test("a stopped and disabled service is repaired", async () => {
  await site.host.run(["systemctl", "disable", "--now", "kace-reference-agent"]);
  expect(await site.plan()).toMatchObject({ action: "repair", reason: "its service is inactive" });
  expect(await site.up()).toMatchObject({ class: "succeeded" });
  expect(await site.installs()).toEqual(["configure 1.4.2"]);
  expect(await site.plan()).toMatchObject({ action: "none", writes: false });
});

test("an agent of another server is reconfigured, and back", async () => {
  const elsewhere = { server: { host: "gateway", port: other.port } };
  expect(await site.plan(elsewhere)).toMatchObject({ action: "reconfigure" });
  expect(await site.up(elsewhere)).toMatchObject({ class: "succeeded" });
  expect(await site.plan(elsewhere)).toMatchObject({ action: "none" });
  expect(await site.up()).toMatchObject({ class: "succeeded" });
});

test("one that cannot be moved keeps the server it has", async () => {
  const nobody = await Listener.on(lab.gateway);
  const ended = await site.with(async (machine) => {
    const { planFor, probe, activate } = await import("../../provider/agent/agent.ts");
    const desired = { ...site.desired, server: { host: "gateway", port: nobody.port } };
    const seen = await probe(machine, {
      flavours: [desired.flavour],
      server: desired.server,
      configurationId: "urn:web",
    });
    const plan = planFor(seen, desired);
    await nobody.close();
    return activate(machine, plan, site.request(desired, { verify: { timeoutMs: 15_000, waitForConnection: true } }));
  });
  expect(ended).toMatchObject({ class: "failed", code: "not-connected" });
  expect(await site.plan()).toMatchObject({ action: "none", writes: false });
});

test("an older version is upgraded to the minimum, and not taken down again unasked", async () => {
  expect(await site.plan({ version: "1.5.0" })).toMatchObject({ action: "upgrade" });
  expect(await site.up({ version: "1.5.0" })).toMatchObject({ class: "succeeded" });
  expect(await site.plan({ version: "1.4.2" })).toMatchObject({ action: "none" });
  expect(await site.plan({ version: "1.4.2", exact: true })).toMatchObject({
    action: "blocked",
    code: "downgrade-not-allowed",
  });
  expect(await site.up({ version: "1.4.2", exact: true, allowDowngrade: true })).toMatchObject({ class: "succeeded" });
  expect(await site.installs()).toEqual(["configure 1.4.2", "configure 1.5.0", "configure 1.4.2"]);
});

test("programs that were taken away are put back", async () => {
  await site.host.run(["rm", "-rf", "/opt/kace-reference"]);
  expect(await site.plan()).toMatchObject({ action: "repair", reason: "the agent is there, but not whole" });
  expect(await site.up()).toMatchObject({ class: "succeeded" });
});

test("another configuration may not have the machine unless it takes it over", async () => {
  const stranger = { configurationId: "urn:db" };
  expect(await site.plan(stranger)).toMatchObject({ action: "blocked", code: "claimed" });
  expect(await site.plan({ ...stranger, state: "removed" })).toMatchObject({ action: "blocked", code: "claimed" });
  expect(await site.plan({ ...stranger, state: "removed", onlyOwn: true })).toMatchObject({
    action: "none",
    writes: false,
  });
  const taken = await site.up({ ...stranger, takeOver: true });
  expect(taken).toMatchObject({ class: "unchanged" });
  expect(await site.plan({ ...stranger })).toMatchObject({ action: "none", writes: false });
  expect(await site.up({ takeOver: true })).toMatchObject({ class: "unchanged" });
});

test("an agent without a receipt is adopted once", async () => {
  await site.host.run(["rm", "/var/lib/pulumi-kace/receipt.json"]);
  expect(await site.plan()).toMatchObject({ action: "none", adopts: true, writes: true });
  expect(await site.up()).toMatchObject({ class: "unchanged" });
  expect(await site.plan()).toMatchObject({ action: "none", adopts: false, writes: false });
  expect((await site.look()).receipt).toMatchObject({ adopted: true });
});

test("a removal takes the agent, and with the word for it the data, and proves both", async () => {
  const kept = await site.up({ state: "removed" });
  expect(kept).toMatchObject({
    class: "removed",
    evidence: { packageGone: true, serviceGone: true, directoriesLeft: [] },
  });
  expect(await site.host.exists("/etc/kace-reference")).toBe(true);
  expect(await site.host.exists("/opt/kace-reference")).toBe(false);
  expect(await site.host.exists("/var/lib/pulumi-kace")).toBe(false);
  expect(await site.plan({ state: "removed" })).toMatchObject({ action: "none", writes: false });

  expect(await site.up()).toMatchObject({ class: "succeeded" });
  expect(await site.up({ state: "removed", removeDataDirectory: true })).toMatchObject({ class: "removed" });
  for (const gone of ["/etc/kace-reference", "/var/lib/kace-reference", "/opt/kace-reference"]) {
    expect(await site.host.exists(gone)).toBe(false);
  }
  expect(await site.leftovers()).toBe("");
});

test("a package that was asked to stay is left in the cache", async () => {
  expect(await site.up({ version: "1.5.0" }, { keepPackage: true })).toMatchObject({ class: "succeeded" });
  expect(await site.host.exists("/var/cache/pulumi-kace/reference-1.5.0.deb")).toBe(true);
});
