import { expect, test } from "vitest";
import {
  type AgentFacts,
  type AgentPackage,
  authoritiesIn,
  type DesiredAgent,
  FLAVOURS,
  type Plan,
  type Probe,
  planFor,
} from "../../provider/agent/agent.ts";

const right: AgentFacts = {
  flavour: "reference",
  present: "yes",
  version: "1.4.2",
  server: { host: "kbox.corp.example", port: 443 },
  service: { state: "active", enabled: "yes" },
  connected: "yes",
  enrolment: "approved",
  kuid: "k1",
  remark: undefined,
};
const absent: AgentFacts = {
  ...right,
  present: "no",
  version: undefined,
  server: undefined,
  service: { state: "absent", enabled: "unknown" },
  connected: "unknown",
  enrolment: "unknown",
  kuid: undefined,
};
const receipt = {
  configurationId: "web",
  flavour: "reference",
  version: "1.4.2",
  packageSha256: "ab".repeat(32),
  packageFormat: "deb" as const,
  adopted: false,
};
const machine: Probe = {
  hostname: "web01",
  machineId: "m1",
  bootId: "b1",
  os: {
    platform: "linux",
    distribution: "debian",
    version: "12",
    title: undefined,
    family: "debian",
    architecture: "amd64",
    libc: "glibc",
  },
  init: "systemd",
  privilege: "root",
  disk: { stagingFreeBytes: 1e9, installFreeBytes: 1e9 },
  agents: [right],
  receipt,
  lock: undefined,
  staged: [],
  server: { resolves: "yes", reachable: "yes" },
};
const deb = (version: string): AgentPackage => ({
  fileName: `kace-reference-agent_${version}_amd64.deb`,
  platform: "linux",
  architecture: "amd64",
  format: "deb",
  version,
  sha256: version.replaceAll(".", "").padEnd(64, "0"),
  sizeBytes: 1_000_000,
});
const desired: DesiredAgent = {
  state: "present",
  flavour: FLAVOURS.reference,
  server: { host: "kbox.corp.example", port: 443 },
  configurationId: "web",
  packages: [deb("1.4.2"), deb("1.5.0")],
};

/** What looks like the certificate of an authority. */
const pem = (text: string) =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(text).toString("base64")}\n-----END CERTIFICATE-----\n`;

interface Case {
  readonly story: string;
  readonly agent?: Partial<AgentFacts>;
  readonly gone?: true;
  readonly probe?: Partial<Probe>;
  readonly wants?: Partial<DesiredAgent>;
  readonly plan: Partial<Extract<Plan, { action: "blocked" }>> | Record<string, unknown>;
}

const none = { action: "none", writes: false };
const blocked = (code: string) => ({ action: "blocked", code });

test.each<Case>([
  { story: "right is left alone", plan: none },
  { story: "without a version an installed agent is never upgraded", agent: { version: "0.9" }, plan: none },
  { story: "newer than the minimum is right", agent: { version: "2.0.0" }, wants: { version: "1.5.0" }, plan: none },
  {
    story: "older than the minimum is upgraded to it",
    wants: { version: "1.5.0" },
    plan: {
      action: "upgrade",
      steps: [deb("1.5.0")],
      writes: true,
      receipt: { ...receipt, version: "1.5.0", packageSha256: deb("1.5.0").sha256 },
    },
  },
  {
    story: "the named version is preferred to a newer one that would do",
    gone: true,
    wants: { version: "1.4.2" },
    plan: { action: "install", steps: [deb("1.4.2")] },
  },
  {
    story: "without a version the newest is installed",
    gone: true,
    plan: { action: "install", steps: [deb("1.5.0")] },
  },
  {
    story: "a minimum between two packages takes the one above",
    wants: { version: "1.4.5" },
    plan: { action: "upgrade", steps: [deb("1.5.0")] },
  },
  { story: "a minimum above all packages has none", wants: { version: "3.0.0" }, plan: blocked("no-package") },
  {
    story: "a pinned older version is not taken without consent",
    agent: { version: "1.5.0" },
    wants: { version: "1.4.2", exact: true },
    plan: blocked("downgrade-not-allowed"),
  },
  {
    story: "with consent it is",
    agent: { version: "1.5.0" },
    wants: { version: "1.4.2", exact: true, allowDowngrade: true },
    plan: { action: "downgrade", steps: [deb("1.4.2")] },
  },
  {
    story: "a denied version is left for one that is not",
    wants: { deniedVersions: ["1.4.2"] },
    plan: { action: "upgrade", steps: [deb("1.5.0")] },
  },
  {
    story: "a denied version is never installed",
    gone: true,
    wants: { deniedVersions: ["1.5.0"] },
    plan: { action: "install", steps: [deb("1.4.2")] },
  },

  {
    story: "all of them denied",
    gone: true,
    wants: { deniedVersions: ["1.4.2", "1.5.0"] },
    plan: blocked("version-denied"),
  },
  {
    story: "another server is reconfigured",
    agent: { server: { host: "old.corp.example", port: 443 } },
    plan: { action: "reconfigure", reason: "its server is old.corp.example:443, not kbox.corp.example:443", receipt },
  },
  {
    story: "another port is another server",
    agent: { server: { host: "kbox.corp.example", port: 8443 } },
    plan: { action: "reconfigure" },
  },
  {
    story: "letters of a host name have no case",
    agent: { server: { host: "KBOX.corp.example", port: 443 } },
    plan: none,
  },
  {
    story: "a server's own name is as good as the one that was given",
    agent: { server: { host: "KBOX.corp.example", port: 443 } },
    wants: { server: { host: "10.0.0.7", port: 443, canonicalHost: "kbox.corp.example" } },
    plan: none,
  },
  {
    story: "its name at another port is another server",
    agent: { server: { host: "kbox.corp.example", port: 8443 } },
    wants: { server: { host: "10.0.0.7", port: 443, canonicalHost: "kbox.corp.example" } },
    plan: { action: "reconfigure" },
  },
  { story: "no server at all", agent: { server: undefined }, plan: { action: "reconfigure" } },
  {
    story: "a stopped service",
    agent: { service: { state: "inactive", enabled: "yes" } },
    plan: { action: "repair", steps: undefined },
  },
  {
    story: "a failed service of the very package that the bundle has",
    agent: { service: { state: "failed", enabled: "yes" } },
    probe: { receipt: { ...receipt, packageSha256: deb("1.4.2").sha256 } },
    plan: { action: "repair", steps: undefined },
  },
  {
    story: "a failed service, and the bundle has another build of its version: a package that was mended",
    agent: { service: { state: "failed", enabled: "yes" } },
    plan: { action: "repair", steps: [deb("1.4.2")], receipt: { ...receipt, packageSha256: deb("1.4.2").sha256 } },
  },
  {
    story: "a service between two of its ends, and the bundle has another build of its version",
    agent: { service: { state: "starting", enabled: "yes" } },
    plan: { action: "repair", steps: [deb("1.4.2")] },
  },
  {
    story: "a service that is not enabled",
    agent: { service: { state: "active", enabled: "no" } },
    plan: { action: "repair" },
  },
  {
    story: "no connection of the very package that the bundle has",
    agent: { connected: "no" },
    probe: { receipt: { ...receipt, packageSha256: deb("1.4.2").sha256 } },
    plan: { action: "repair", steps: undefined, reason: "it is not connected to kbox.corp.example:443" },
  },
  {
    story:
      "no connection, and the bundle has another build: a service that ends again and again is seen running at times",
    agent: { connected: "no" },
    plan: {
      action: "repair",
      steps: [deb("1.4.2")],
      reason: "it is not connected to kbox.corp.example:443, and the bundle has another build of it",
    },
  },
  { story: "a connection that nobody can tell of is none to repair", agent: { connected: "unknown" }, plan: none },
  {
    story: "not whole, so its own version is put over it",
    agent: { present: "broken" },
    plan: { action: "repair", steps: [deb("1.4.2")] },
  },
  {
    story: "not whole and too old",
    agent: { present: "broken" },
    wants: { version: "1.5.0" },
    plan: { action: "repair", steps: [deb("1.5.0")] },
  },
  {
    story: "in quarantine",
    agent: { enrolment: "quarantined", remark: "token-expired" },
    plan: { ...blocked("quarantined"), reason: "the appliance has the device in quarantine (token-expired)" },
  },
  {
    story: "in quarantine with a token at hand",
    agent: { enrolment: "quarantined" },
    wants: { canEnrol: true },
    plan: { action: "repair" },
  },
  {
    story: "blocked by the appliance, whatever the token",
    agent: { enrolment: "blocked" },
    wants: { canEnrol: true },
    plan: blocked("quarantined"),
  },
  {
    story: "another configuration's",
    probe: { receipt: { ...receipt, configurationId: "db" } },
    plan: { ...blocked("claimed"), reason: 'the agent belongs to the configuration "db"' },
  },
  {
    story: "another configuration's, by the name that people know",
    probe: { receipt: { ...receipt, configurationId: "db" } },
    wants: { configurationName: () => "databases" },
    plan: { ...blocked("claimed"), reason: 'the agent belongs to the configuration "databases"' },
  },
  {
    story: "another configuration's that is taken over",
    probe: { receipt: { ...receipt, configurationId: "db" } },
    wants: { takeOver: true },
    plan: { action: "none", adopts: true, writes: true, receipt },
  },
  {
    story: "nobody's is adopted, once",
    probe: { receipt: undefined },
    plan: {
      action: "none",
      adopts: true,
      writes: true,
      receipt: { ...receipt, packageSha256: undefined, packageFormat: undefined, adopted: true },
    },
  },
  { story: "the receipt cannot be read", probe: { receipt: "unreadable" }, plan: blocked("no-privilege") },
  { story: "no root, nothing to do", probe: { privilege: "user" }, plan: none },
  {
    story: "no root, something to do",
    gone: true,
    probe: { privilege: "user", receipt: undefined },
    plan: blocked("no-privilege"),
  },
  { story: "no Linux", gone: true, probe: { os: { ...machine.os, platform: "freebsd" } }, plan: blocked("no-package") },
  {
    story: "no package for the architecture",
    gone: true,
    probe: { os: { ...machine.os, architecture: "riscv64" } },
    plan: { ...blocked("no-package"), reason: "the bundle has no package for linux/riscv64 (debian)" },
  },
  {
    story: "a C library that the vendor's programs do not run with",
    gone: true,
    probe: { os: { ...machine.os, libc: "musl" } },
    wants: { flavour: FLAVOURS.quest },
    plan: blocked("unsupported-os"),
  },
  {
    story: "a release that the agent is not made for, with the row that says so",
    gone: true,
    probe: { os: { ...machine.os, version: "7", title: "Debian GNU/Linux 7 (wheezy)" } },
    plan: {
      ...blocked("unsupported-os"),
      reason:
        "the machine runs Debian GNU/Linux 7 (wheezy) (amd64), and the KACE reference agent 1.5.0 is made for: Debian 8 or newer (the table of systems in docs/agent.md)",
    },
  },
  {
    story: "a release that the agent is not made for, where the program says so",
    gone: true,
    probe: { os: { ...machine.os, version: "7" } },
    wants: { allowUnsupported: true },
    plan: {
      action: "install",
      remarks: [
        "the machine runs debian 7 (amd64), and the KACE reference agent 1.5.0 is made for: Debian 8 or newer (the table of systems in docs/agent.md); installed all the same, as `allowUnsupported` says",
      ],
    },
  },
  {
    story: "right already, whatever the release",
    probe: { os: { ...machine.os, version: "7" } },
    plan: none,
  },
  {
    story: "a removal, whatever the release",
    probe: { os: { ...machine.os, version: "7" } },
    wants: { state: "removed" },
    plan: { action: "remove" },
  },
  {
    story: "no room to stage",
    gone: true,
    probe: { disk: { stagingFreeBytes: 1e6, installFreeBytes: 1e9 } },
    plan: blocked("disk-full"),
  },
  {
    story: "no room to install",
    gone: true,
    probe: { disk: { stagingFreeBytes: 1e9, installFreeBytes: 1e6 } },
    plan: blocked("disk-full"),
  },
  {
    story: "room that nobody can tell of",
    gone: true,
    probe: { disk: { stagingFreeBytes: undefined, installFreeBytes: undefined } },
    plan: { action: "install" },
  },
  {
    story: "the name of the server means nothing there",
    gone: true,
    probe: { server: { resolves: "no", reachable: "unknown" } },
    plan: blocked("server-unresolvable"),
  },
  {
    story: "its port cannot be reached",
    gone: true,
    probe: { server: { resolves: "yes", reachable: "no" } },
    plan: blocked("server-unreachable"),
  },
  {
    story: "no tool to find out",
    gone: true,
    probe: { server: { resolves: "unknown", reachable: "unknown" } },
    plan: { action: "install" },
  },
  {
    story: "unreachable, but right: a remark",
    probe: { server: { resolves: "yes", reachable: "no" } },
    plan: { ...none, remarks: ["the machine cannot connect to the server right now"] },
  },
  {
    story: "another configuration works on it",
    gone: true,
    probe: { lock: { runId: "r", configurationId: "db", pid: 1 } },
    plan: blocked("busy"),
  },
  {
    story: "its agent updates itself",
    gone: true,
    probe: { lock: { runId: "agent-update-task-1", configurationId: undefined, pid: 1 } },
    plan: { ...blocked("busy"), reason: "an update of its agent is under way on the machine" },
  },
  {
    story: "an earlier run of the same configuration works on it",
    gone: true,
    probe: { lock: { runId: "r", configurationId: "web", pid: 1 } },
    plan: { action: "install", awaits: { runId: "r" } },
  },
  {
    story: "right, with leftovers",
    probe: { staged: [{ runId: "r", state: "abandoned" }] },
    plan: { action: "none", sweeps: true, writes: true, receipt: undefined },
  },
  { story: "removal", wants: { state: "removed" }, plan: { action: "remove", writes: true, receipt: undefined } },
  {
    story: "removal of what is not there",
    gone: true,
    probe: { receipt: undefined },
    wants: { state: "removed" },
    plan: none,
  },
  {
    story: "removal of what is gone but for its receipt",
    gone: true,
    wants: { state: "removed" },
    plan: { action: "remove" },
  },
  {
    story: "removal of nobody's",
    probe: { receipt: undefined },
    wants: { state: "removed" },
    plan: blocked("claimed"),
  },
  {
    story: "removal of another's",
    probe: { receipt: { ...receipt, configurationId: "db" } },
    wants: { state: "removed" },
    plan: blocked("claimed"),
  },
  {
    story: "a destroy leaves another's alone",
    probe: { receipt: { ...receipt, configurationId: "db" } },
    wants: { state: "removed", onlyOwn: true },
    plan: none,
  },
  {
    story: "removal of another's that is taken over",
    probe: { receipt: { ...receipt, configurationId: "db" } },
    wants: { state: "removed", takeOver: true },
    plan: { action: "remove" },
  },
  {
    story: "removal needs no server",
    probe: { server: { resolves: "no", reachable: "unknown" } },
    wants: { state: "removed" },
    plan: { action: "remove" },
  },
  {
    story: "an agent that does not trust the next authority is told of it",
    agent: { trusts: authoritiesIn(pem("one")) },
    wants: { server: { ...desired.server, caCertificate: pem("one") + pem("two") } },
    plan: { action: "reconfigure", reason: expect.stringContaining("does not trust all authorities") },
  },
  {
    story: "an agent that trusts an authority of before besides drops that by itself",
    agent: { trusts: authoritiesIn(pem("zero") + pem("one")) },
    wants: { server: { ...desired.server, caCertificate: pem("one") } },
    plan: { action: "none" },
  },
  {
    story: "an agent that trusts its system's roots was meant to",
    agent: { trusts: undefined },
    wants: { server: { ...desired.server, caCertificate: pem("one") } },
    plan: { action: "none" },
  },
])("$story", ({ agent, gone, probe, wants, plan }) => {
  const facts = { ...(gone === true ? absent : right), ...agent };
  const seen: Probe = { ...machine, agents: [facts], ...probe };
  expect(planFor(seen, { ...desired, ...wants })).toMatchObject(plan);
});

test("the vendor's own steps between are taken, one package after the other", () => {
  const one = (version: string): AgentPackage => ({ ...deb(version), fileName: `ampagent-${version}.ubuntu.64.deb` });
  const seen: Probe = {
    ...machine,
    agents: [{ ...right, flavour: "quest", version: "10.2.108" }],
    receipt: { ...receipt, flavour: "quest" },
  };
  const wants: DesiredAgent = {
    ...desired,
    flavour: FLAVOURS.quest,
    version: "14.1.19",
    packages: [one("14.1.19"), one("11.1.2")],
  };
  expect(planFor(seen, wants)).toMatchObject({ action: "upgrade", steps: [one("11.1.2"), one("14.1.19")] });
  expect(planFor(seen, { ...wants, packages: [one("14.1.19")] })).toMatchObject({
    action: "blocked",
    code: "no-package",
    hint: "add a package of 11.0 or newer to the bundle as a step between",
  });
});

test("an agent of an older generation is told, and steps up by the gates of its vendor", () => {
  const one = (version: string): AgentPackage => ({ ...deb(version), fileName: `ampagent-${version}.ubuntu.64.deb` });
  const versions = ["5.3.1", "5.4.2", "11.1.2", "14.1.19"];
  const wants: DesiredAgent = {
    ...desired,
    flavour: FLAVOURS.quest,
    version: "14.1.19",
    packages: versions.map(one),
    allowUnsupported: true,
  };
  const havingVersion = (version: string): Probe => ({
    ...machine,
    agents: [{ ...right, flavour: "quest", version }],
    receipt: { ...receipt, flavour: "quest" },
  });
  expect(planFor(havingVersion("5.2.0"), wants)).toMatchObject({
    action: "upgrade",
    steps: [one("5.3.1"), one("11.1.2"), one("14.1.19")],
    remarks: expect.arrayContaining(['its agent, version 5.2.0, is of the generation "dell-5-7"']),
  });
  expect(planFor(havingVersion("10.2.108"), wants)).toMatchObject({
    steps: [one("11.1.2"), one("14.1.19")],
    remarks: ['its agent, version 10.2.108, is of the generation "quest-8-13"'],
  });
  expect(planFor(havingVersion("14.1.19"), wants)).toMatchObject({ remarks: [] });
});

test("an agent of another flavour beside the wanted one is told", () => {
  const seen: Probe = { ...machine, agents: [right, { ...right, flavour: "quest", version: "14.1.19" }] };
  expect(planFor(seen, desired)).toMatchObject({
    action: "none",
    remarks: ['there is also an agent of flavour "quest", version 14.1.19'],
  });
});
