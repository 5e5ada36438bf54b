import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Lab } from "../../examples/lab/lab.ts";
import { type DesiredAgent, FLAVOURS } from "../../provider/agent/agent.ts";
import { ownCertificate } from "../../provider/appliance/certificates/own.ts";
import { questStandInPackages } from "../../tools/agent-packages/quest-stand-in.ts";
import { Site, type StandIn } from "./site.ts";

// What stands in for the vendor's agent has its names, directories, commands and unit, and nothing of its code.

const VERSIONS = ["10.2.108", "11.1.2", "14.1.19"] as const;

let lab: Lab;
let folder: string;
const servers: Server[] = [];
const packages: StandIn[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kace-quest-"));
  for (const version of VERSIONS) {
    const built = await questStandInPackages({ version });
    packages.push(...built.map((one) => ({ path: one.path, package: { ...one, platform: "linux" as const } })));
  }
  lab = await Lab.up({
    prefix: "agquest",
    hosts: [
      { name: "deb", kind: "systemd" },
      { name: "rpm", kind: "systemd", family: "rpm" },
    ],
  });
});

afterAll(async () => {
  for (const server of servers) server.close();
  await lab?.down();
  await rm(folder, { recursive: true, force: true });
});

/** A port that speaks TLS and keeps its connections, as long as the test runs. */
async function appliance(): Promise<number> {
  const { certificate, key } = await ownCertificate({ folder, names: ["gateway"], now: Date.now() });
  const server = createServer({ cert: certificate, key }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.resume();
  });
  // A test process must not wait for the agents' connections at its end.
  server.on("connection", (socket) => socket.unref());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, lab.gateway, resolve);
  });
  servers.push(server);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the appliance has no port");
  return address.port;
}

test.each([
  { host: "deb", format: "deb" },
  { host: "rpm", format: "rpm" },
])("the vendor's .$format is installed, moved, stepped up and removed by its own words", async ({ host, format }) => {
  const first = { host: "gateway", port: await appliance() };
  const second = { host: "gateway", port: await appliance() };
  const fitting = packages.filter(({ package: one }) => one.format === format);
  const site = new Site(lab, lab.host(host), first.port, fitting);
  const quest: Partial<DesiredAgent> = { flavour: FLAVOURS.quest };
  const token = "quest-token-canary-0815";

  const installed = await site.up({ ...quest, version: "10.2.108" }, { token });
  expect(installed).toMatchObject({
    class: "succeeded",
    evidence: { agent: { version: "10.2.108", connected: "yes", kuid: expect.any(String), enrolment: "unknown" } },
  });
  expect(await site.plan(quest)).toMatchObject({ action: "none", writes: false });
  const holding = await site.host.exec(["grep", "-rl", token, "/etc", "/opt", "/var", "/run", "/tmp"]);
  expect(holding.stdout.trim()).toBe("/var/quest/kace/sma.dat");
  expect((await site.host.run(["stat", "-c", "%a", "/var/quest/kace/sma.dat"])).trim()).toBe("600");

  const moved = { ...quest, server: second };
  expect(await site.plan(moved)).toMatchObject({ action: "reconfigure" });
  expect(await site.up(moved, { token })).toMatchObject({ class: "succeeded" });
  expect(await site.plan(moved)).toMatchObject({ action: "none", writes: false });

  const newest = { ...moved, version: "14.1.19" };
  expect(await site.plan(newest)).toMatchObject({
    action: "upgrade",
    steps: [{ version: "11.1.2" }, { version: "14.1.19" }],
  });
  const upgraded = await site.up(newest, { token });
  expect(upgraded).toMatchObject({ class: "succeeded", evidence: { agent: { version: "14.1.19", connected: "yes" } } });
  expect(upgraded.evidence.agent?.kuid).toBe(installed.evidence.agent?.kuid);

  await site.host.run(["systemctl", "stop", "konea"]);
  expect(await site.plan(newest)).toMatchObject({ action: "repair" });
  expect(await site.up(newest, { token })).toMatchObject({ class: "succeeded" });

  const removed = await site.up({ ...moved, state: "removed", removeDataDirectory: true });
  expect(removed).toMatchObject({
    class: "removed",
    evidence: { packageGone: true, serviceGone: true, directoriesLeft: [] },
  });
  expect(await site.leftovers()).toBe("");
});

test("an agent of Dell's is known in its own directories, held by the vendor's gate, and stepped up to today's", async () => {
  const port = await appliance();
  const fitting = packages.filter(({ package: one }) => one.format === "deb");
  const site = new Site(lab, lab.host("deb"), port, fitting);
  const wants: Partial<DesiredAgent> = { flavour: FLAVOURS.quest, version: "14.1.19" };
  const place = (version: string) =>
    site.host.run([
      "sh",
      "-c",
      `mkdir -p /opt/dell/kace/bin /var/dell/kace && echo '#!/bin/sh' >/opt/dell/kace/bin/AMPTools && chmod +x /opt/dell/kace/bin/AMPTools && echo ${version} >/var/dell/kace/version && echo host=gateway >/var/dell/kace/amp.conf`,
    ]);

  await place("5.2.38916");
  expect(await site.plan(wants)).toMatchObject({
    action: "blocked",
    code: "no-package",
    reason: expect.stringContaining("5.4 and newer follow 5.1 or 5.3 only"),
  });
  await place("7.2.102");
  expect((await site.look(wants)).agents).toMatchObject([{ flavour: "quest", present: "yes", version: "7.2.102" }]);
  expect(await site.plan(wants)).toMatchObject({
    action: "upgrade",
    steps: [{ version: "11.1.2" }, { version: "14.1.19" }],
    remarks: ['its agent, version 7.2.102, is of the generation "dell-5-7"'],
  });
  expect(await site.up(wants)).toMatchObject({
    class: "succeeded",
    evidence: { agent: { version: "14.1.19", connected: "yes" } },
  });
  expect(await site.plan(wants)).toMatchObject({ action: "none", writes: false });
  expect(await site.up({ ...wants, state: "removed", removeDataDirectory: true })).toMatchObject({
    class: "removed",
    evidence: { directoriesLeft: [] },
  });
});
