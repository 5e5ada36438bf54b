import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Lab } from "../../examples/lab/lab.ts";
import { bench, type DesiredAgent } from "../../provider/agent/agent.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { agentPackages } from "../../tools/agent-packages/build.ts";
import { type Served, served } from "../appliance/served.ts";
import { Site, type StandIn } from "./site.ts";

let lab: Lab;
let folder: string;
let token: string;
let server: DesiredAgent["server"];
let packages: StandIn[];
let gateway: Served | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kace-real-"));
  packages = [];
  for (const version of ["1.4.2", "1.5.0"]) {
    const built = await agentPackages({ version, architectures: ["amd64"] });
    packages.push(...built.map((one) => ({ path: one.path, package: { ...one, platform: "linux" as const } })));
  }
  const payload = await agentPackages({
    version: "1.0.0",
    architectures: ["amd64"],
    formats: ["deb"],
    flavourOptions: { flavour: "bench", payloadBytes: 1_000_000 },
  });
  packages.push(...payload.map((one) => ({ path: one.path, package: { ...one, platform: "linux" as const } })));
  lab = await Lab.up({
    prefix: "agreal",
    hosts: [
      { name: "deb", kind: "systemd" },
      { name: "rpm", kind: "systemd", family: "rpm" },
      { name: "sysv", kind: "light" },
      { name: "bare", kind: "systemd", family: "rpm", without: ["/usr/bin/rpm"] },
    ],
  });
  gateway = await served(folder, { host: lab.gateway, name: "gateway" });
  server = {
    host: "gateway",
    port: gateway.port,
    caCertificate: gateway.ca,
  };
  const appliance = await openLocal({ folder, who: "the test", now: Date.now });
  token = (await appliance.createToken({ name: "agents" })).value;
  await appliance.close();
});

afterAll(async () => {
  try {
    await gateway?.stop();
  } finally {
    await lab?.down();
    await rm(folder, { recursive: true, force: true });
  }
});

function siteOf(name: string, format: string): Site {
  const fitting = packages.filter(
    ({ package: one }) => one.format === format && !one.fileName.startsWith("kace-bench"),
  );
  return new Site(lab, lab.host(name), server.port, fitting);
}

test.each([
  { host: "deb", format: "deb", init: "systemd" },
  { host: "rpm", format: "rpm", init: "systemd" },
  { host: "sysv", format: "deb", init: "sysv" },
  { host: "bare", format: "tar.gz", init: "systemd" },
])("on a machine with $init, a .$format is installed, enrolled, upgraded, repaired and removed", async (given) => {
  const site = siteOf(given.host, given.format);
  const look = await site.look({ server });
  expect(look).toMatchObject({ init: given.init, privilege: "root", server: { resolves: "yes", reachable: "yes" } });

  const installed = await site.up({ server, version: "1.4.2" }, { token });
  expect(installed).toMatchObject({
    class: "succeeded",
    evidence: { agent: { version: "1.4.2", connected: "yes", enrolment: "approved", kuid: expect.any(String) } },
  });
  expect(await site.plan({ server, version: "1.4.2" })).toMatchObject({ action: "none", writes: false });
  expect((await site.host.exec(["grep", "-rl", token, "/etc", "/opt", "/var", "/run"])).stdout).toBe("");

  const upgraded = await site.up({ server, version: "1.5.0" }, { token });
  expect(upgraded).toMatchObject({ class: "succeeded", evidence: { agent: { version: "1.5.0", connected: "yes" } } });
  expect(upgraded.evidence.agent?.kuid).toBe(installed.evidence.agent?.kuid);

  await site.host.run(
    given.init === "systemd"
      ? ["systemctl", "disable", "--now", "kace-reference-agent"]
      : ["/etc/init.d/kace-reference-agent", "stop"],
  );
  expect(await site.plan({ server })).toMatchObject({ action: "repair" });
  expect(await site.up({ server }, { token })).toMatchObject({ class: "succeeded" });

  const removed = await site.up({ server, state: "removed", removeDataDirectory: true });
  expect(removed).toMatchObject({
    class: "removed",
    evidence: { packageGone: true, serviceGone: true, directoriesLeft: [] },
  });
  const left = await site.host.exec([
    "sh",
    "-c",
    "find / -xdev -name '*kace*' -not -path '/proc/*' -not -path '/var/log/*' -not -path '/sys/*' -not -path '/var/lib/dpkg/*' -not -path '/var/cache/*'",
  ]);
  expect(left.stdout).toBe("");
  expect(await site.plan({ server, state: "removed" })).toMatchObject({ action: "none", writes: false });
});

test("a token that the server does not know ends in quarantine, with the server's word for it", async () => {
  const site = siteOf("deb", "deb");
  const ended = await site.up({ server }, { token: "no-such-token-0001" });
  expect(ended).toMatchObject({
    class: "failed",
    code: "quarantined",
    message: expect.stringContaining("token-unknown"),
  });
  expect(await site.plan({ server })).toMatchObject({ action: "blocked", code: "quarantined" });
  expect(await site.up({ server, canEnrol: true }, { token })).toMatchObject({ class: "succeeded" });
  await site.up({ server, state: "removed", removeDataDirectory: true });
});

test("a server that the machine does not trust is said so", async () => {
  const site = siteOf("deb", "deb");
  const untrusted = { server: { host: server.host, port: server.port } };
  const ended = await site.up(untrusted, { token, verify: { timeoutMs: 25_000, waitForConnection: true } });
  expect(ended).toMatchObject({
    class: "failed",
    code: "not-connected",
    message: expect.stringMatching(/certificate|x509/),
  });
  await site.up({ server, state: "removed", removeDataDirectory: true });
});

test("files without a service are proved by their version", async () => {
  const site = new Site(lab, lab.host("sysv"), server.port, packages);
  const desired: Partial<DesiredAgent> = {
    flavour: bench,
    packages: packages.map((one) => one.package).filter((one) => one.fileName.startsWith("kace-bench")),
  };
  expect(await site.up(desired)).toMatchObject({ class: "succeeded", message: "version 1.0.0 is in place" });
  expect(await site.plan(desired)).toMatchObject({ action: "none", writes: false });
  expect(await site.up({ ...desired, state: "removed" })).toMatchObject({ class: "removed" });
});
