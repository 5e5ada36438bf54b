import { afterAll, beforeAll, expect, test } from "vitest";
import { Lab } from "../../examples/lab/lab.ts";
import { VERSION } from "./ground.ts";
import { Site } from "./site.ts";

const PREFIX = "story";
const HOSTS = ["deb01", "deb02", "rpm01", "rpm02"] as const;

let site: Site;

beforeAll(async () => {
  site = await Site.up({
    prefix: PREFIX,
    hosts: [
      { name: "deb01", kind: "systemd" },
      { name: "deb02", kind: "systemd" },
      { name: "rpm01", kind: "systemd", family: "rpm" },
      { name: "rpm02", kind: "systemd", family: "rpm" },
    ],
  });
  await site.write(site.fleet({ targets: { ips: site.addresses() } }));
});

afterAll(async () => {
  await site?.down();
  // Nothing of a site outlives it, whatever its tests came to.
  const { processes, mounts, namespaces, links } = await Lab.traces(PREFIX);
  expect({ processes, mounts, namespaces, links }).toEqual({ processes: [], mounts: [], namespaces: [], links: [] });
});

/** How often a package manager has installed the agent. */
async function installsOn(host: string): Promise<number> {
  const one = site.host(host);
  if (one.spec.family !== "rpm")
    return (await one.dpkgLog()).filter((line) => / (install|upgrade|reinstall) kace-reference-agent/.test(line))
      .length;
  return (await one.packages()).filter(({ name }) => name === "kace-reference-agent").length;
}

async function agentRunsOn(host: string): Promise<boolean> {
  const { stdout } = await site.host(host).exec(["systemctl", "is-active", "kace-reference-agent"]);
  return stdout.trim() === "active";
}

test("a preview says what it would do to every machine, and does none of it", async () => {
  const output = await site.preview();
  for (const host of HOSTS) {
    expect(site.rowOf(output, host)).toMatch(/linux.*install/);
    expect(await site.host(host).exists("/var/lib/pulumi-kace")).toBe(false);
    expect(await installsOn(host)).toBe(0);
  }
});

test("up installs the agent everywhere, enrols it and proves it", async () => {
  const output = await site.up();
  for (const host of HOSTS) {
    expect(site.rowOf(output, host)).toMatch(new RegExp(`linux.*install.*installed.*${VERSION}.*yes`));
    expect(await site.resultOf(host)).toMatchObject({ action: "install", class: "succeeded", version: VERSION });
    expect(await agentRunsOn(host)).toBe(true);
    expect(await installsOn(host)).toBe(1);
  }
  expect(await site.summary()).toMatchObject({ total: 4, succeeded: 4, failed: 0, percentSucceeded: 100 });
  const devices = await site.kace(["devices", "list", "--json"]);
  expect(devices.exitCode, devices.output).toBe(0);
  for (const host of HOSTS) expect(devices.output).toContain(host);
});

test("a second up and a refresh find nothing to do", async () => {
  expect(await site.plan()).toEqual({});
  await site.up("--expect-no-changes");
  await site.refresh("--expect-no-changes");
});

test("what breaks is shown by a preview of the unchanged program, and repaired by up, nothing else", async () => {
  await site.host("deb01").run(["dpkg", "--purge", "kace-reference-agent"]);
  await site.host("rpm01").run(["systemctl", "stop", "kace-reference-agent"]);

  const [removed, stopped] = [site.host("deb01").address, site.host("rpm01").address];
  const plan = await site.plan();
  expect(Object.keys(plan)).toEqual(["fleet"]);
  expect(Object.keys(plan.fleet?.detailedDiff ?? {}).sort()).toEqual(
    [`results["${removed}"]`, `results["${stopped}"]`].sort(),
  );

  const output = await site.up();
  expect(site.rowOf(output, "deb01")).toMatch(/install/);
  expect(site.rowOf(output, "rpm01")).toMatch(/repair/);
  for (const untouched of ["deb02", "rpm02"])
    expect(output).not.toMatch(new RegExp(`${site.host(untouched).address.replaceAll(".", "\\.")} .*(install|repair)`));
  for (const host of HOSTS) expect(await agentRunsOn(host)).toBe(true);
  expect(await installsOn("deb02")).toBe(1);
  expect(await site.plan()).toEqual({});
  // What was purged has taken the device's identity with it: the list says which device is left over.
  const { output: devices } = await site.kace(["devices", "list"]);
  expect(devices.split("\n").filter((line) => line.includes("replaced by"))).toEqual([
    expect.stringMatching(/^deb01 .* no .* replaced by \S+; to forget it: kace devices remove \S+$/),
  ]);
});

test("a destroy removes the agents, with evidence", async () => {
  const output = await site.destroy();
  for (const host of HOSTS) {
    expect(site.rowOf(output, host)).toMatch(/remove.*removed/);
    const one = site.host(host);
    expect((await one.packages()).map(({ name }) => name)).not.toContain("kace-reference-agent");
    expect(await one.exists("/opt/kace-reference")).toBe(false);
    expect(await agentRunsOn(host)).toBe(false);
  }
  expect(await site.recorded()).toEqual([]);
});
