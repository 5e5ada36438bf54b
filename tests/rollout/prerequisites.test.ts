import { describe, expect, it } from "vitest";
import { type AgentPackage, FLAVOURS, type Probe, type ProbeRequest } from "../../provider/agent/agent.ts";
import type { MachineError } from "../../provider/machines/machine.ts";
import type { PortState } from "../../provider/rollout/ports/port-state.ts";
import {
  checkPrerequisites,
  type PrerequisitesQuestion,
  type PrerequisitesWorld,
} from "../../provider/rollout/prerequisites/check.ts";
import { linuxLines, type WantedAgent } from "../../provider/rollout/prerequisites/linux.ts";
import { LINUX_REQUIREMENTS, WINDOWS_REQUIREMENTS } from "../../provider/rollout/prerequisites/requirement.ts";
import type { SshLogIn } from "../../provider/rollout/ssh-log-in.ts";
import { addressTarget, namedTarget, type Target } from "../../provider/rollout/targets/target.ts";
import { bareProbe, fault, PlayedMachine, rightProbe } from "./played-agent.ts";

const NOW_SECONDS = 1_800_000_000;
const logIn: SshLogIn = {
  username: "deploy",
  credentials: { password: "secret" },
  port: 22,
  become: { method: "sudo" },
  hostKeys: { policy: "acceptNew" },
  jumpHosts: [],
  requiredPorts: [22],
  portTimeoutMs: 2_000,
  bypassPortCheck: false,
  connectTimeoutMs: 10_000,
  authTimeoutMs: 20_000,
  commandTimeoutMs: 120_000,
};
const deb: AgentPackage = {
  fileName: "kace-reference-agent_1.4.2_amd64.deb",
  platform: "linux",
  architecture: "amd64",
  format: "deb",
  version: "1.4.2",
  sha256: "0".repeat(64),
  sizeBytes: 100 * 1024 * 1024,
};
const wanted: WantedAgent = {
  flavour: FLAVOURS.reference,
  packages: [deb],
  server: { host: "kbox.corp.example", port: 8443 },
};

const facts: NonNullable<Probe["prerequisites"]> = {
  clockSeconds: NOW_SECONDS,
  stagingMount: ["rw", "relatime"],
  installMount: ["rw"],
  packageLock: "free",
  tools: ["tar", "gzip"],
};

interface Play {
  readonly probe?: Partial<Probe>;
  readonly facts?: Partial<typeof facts>;
  readonly wanted?: Partial<WantedAgent>;
  /** What connecting to it ends with. */
  readonly connecting?: MachineError;
  /** What a look as root ends with. */
  readonly asRoot?: MachineError;
  readonly ports?: Readonly<Record<number, PortState>>;
}

function worldOf(play: Play, machine = new PlayedMachine()): PrerequisitesWorld {
  return {
    dns: {
      forward: async (name) =>
        name === "nowhere" ? { kind: "not-found" } : { kind: "resolved", addresses: ["10.0.0.1"] },
      reverse: async () => ({ kind: "not-found" }),
    },
    pins: { known: () => [] },
    ask: async ({ ports }) => ports.map((port) => ({ port, state: play.ports?.[port] ?? "open" })),
    signal: new AbortController().signal,
    nowMs: () => NOW_SECONDS * 1_000,
    agent: {
      async probe(_machine, request: ProbeRequest) {
        if (request.privileged !== false && play.asRoot !== undefined) throw play.asRoot;
        expect(request.prerequisites).toBe(true);
        const probe = { ...bareProbe(play.probe), prerequisites: { ...facts, ...play.facts } };
        return request.privileged === false ? { ...probe, privilege: "user" } : probe;
      },
    },
    connect: async () => {
      if (play.connecting !== undefined) throw play.connecting;
      return machine;
    },
  };
}

async function check(play: Play, target: Target = addressTarget("10.0.0.1", "address"), machine?: PlayedMachine) {
  const question: PrerequisitesQuestion = {
    platform: "linux",
    targets: [target],
    logIn,
    wanted: { ...wanted, ...play.wanted },
  };
  const [readiness] = await checkPrerequisites(question, worldOf(play, machine));
  if (readiness === undefined) throw new Error("a target got no answer");
  return readiness;
}

describe("a Linux machine", () => {
  it("that is ready has one line for each requirement, all of them met, and is let go", async () => {
    const machine = new PlayedMachine();
    const { ready, lines } = await check({}, namedTarget("web01"), machine);
    expect(lines.map(({ requirement }) => requirement)).toEqual(LINUX_REQUIREMENTS);
    expect(lines.filter(({ state }) => state !== "met")).toEqual([]);
    expect(ready).toBe(true);
    expect(machine.closed).toBe(1);
  });

  it.each<Play & { story: string; requirement: string; message: string; repair: string }>([
    {
      story: "a release the agent is not made for",
      probe: { os: { ...bareProbe().os, version: "7", title: "Debian GNU/Linux 7" } },
      requirement: "supported-os",
      message: "Debian GNU/Linux 7 (amd64): the KACE reference agent 1.4.2 is made for Debian 8 or newer",
      repair: "allowUnsupported",
    },
    {
      story: "a C library the agent does not run with",
      probe: { os: { ...bareProbe().os, libc: "musl" } },
      wanted: { flavour: FLAVOURS.quest },
      requirement: "supported-os",
      message: "has musl",
      repair: "needs glibc",
    },
    {
      story: "a release no version of the agent is made for, where none was named",
      probe: { os: { ...bareProbe().os, version: "7", title: "Debian GNU/Linux 7" } },
      wanted: { packages: undefined },
      requirement: "supported-os",
      message: "Debian GNU/Linux 7 (amd64): the KACE reference agent is made for Debian 8 or newer",
      repair: "allowUnsupported",
    },
    {
      story: "a processor without a package",
      probe: { os: { ...bareProbe().os, architecture: "riscv64" } },
      requirement: "architecture",
      message: "no package for linux/riscv64 (debian)",
      repair: "add a .deb for riscv64 to the bundle",
    },
    {
      story: "no tool for packages",
      probe: { os: { ...bareProbe().os, family: "other" } },
      facts: { tools: ["tar"] },
      wanted: { packages: [{ ...deb, format: "tar.gz" }] },
      requirement: "package-tool",
      message: "neither dpkg nor rpm",
      repair: "install tar and gzip",
    },
    {
      story: "somebody else at the package manager",
      facts: { packageLock: { pid: 4242, program: "unattended-upgr" } },
      requirement: "package-lock",
      message: "process 4242 (unattended-upgr) is using the package manager",
      repair: "wait",
    },
    {
      story: "a run of a configuration at work",
      probe: { lock: { runId: "r", configurationId: "web", pid: 7 } },
      requirement: "package-lock",
      message: "a run of the configuration web",
      repair: "wait",
    },
    {
      story: "an agent that updates itself",
      probe: { lock: { runId: "r", configurationId: undefined, pid: 7 } },
      requirement: "package-lock",
      message: "an update of its agent is under way",
      repair: "wait",
    },
    {
      story: "no service manager",
      probe: { init: "none" },
      requirement: "service-manager",
      message: "no service manager",
      repair: "systemd",
    },
    {
      story: "too little room for three times the package",
      probe: { disk: { stagingFreeBytes: 200 * 1024 * 1024, installFreeBytes: 1e10 } },
      requirement: "disk",
      message: "/var/tmp has 200 MiB free, 316 MiB are needed",
      repair: "make room on the file system of /var/tmp",
    },
    {
      story: "a file system that nothing can be started from",
      facts: { stagingMount: ["rw", "nosuid", "noexec"] },
      requirement: "executable",
      message: "nothing can be started from /var/tmp",
      repair: "mount -o remount,exec",
    },
    {
      story: "a clock that is behind",
      facts: { clockSeconds: NOW_SECONDS - 301 },
      requirement: "clock",
      message: "301 s behind",
      repair: "timedatectl set-ntp true",
    },
    {
      story: "a clock that is ahead",
      facts: { clockSeconds: NOW_SECONDS + 3_600 },
      requirement: "clock",
      message: "3600 s ahead",
      repair: "timedatectl set-ntp true",
    },
    {
      story: "a name of the server that means nothing there",
      probe: { server: { resolves: "no", reachable: "unknown" } },
      requirement: "server-name",
      message: "does not resolve kbox.corp.example",
      repair: "DNS",
    },
    {
      story: "a port of the server that is out of reach from there",
      probe: { server: { resolves: "yes", reachable: "no" } },
      requirement: "server-port",
      message: "cannot connect to kbox.corp.example:8443",
      repair: "firewalls",
    },
    {
      story: "an agent of another kind",
      probe: { agents: rightProbe("14.1.19").agents.map((agent) => ({ ...agent, flavour: "quest" })) },
      requirement: "old-agent",
      message: "quest 14.1.19",
      repair: "remove it",
    },
    {
      story: "an agent that is not whole",
      probe: { agents: rightProbe().agents.map((agent) => ({ ...agent, present: "broken" as const })) },
      requirement: "old-agent",
      message: "not whole",
      repair: "pulumi up",
    },
  ])("with $story is told so with the repair", async ({ requirement, message, repair, ...play }) => {
    const { ready, lines } = await check(play);
    const unmet = lines.filter(({ state }) => state === "not-met");
    expect(unmet).toEqual([
      {
        requirement,
        state: "not-met",
        message: expect.stringContaining(message),
        repair: expect.stringContaining(repair),
      },
    ]);
    expect(ready).toBe(false);
  });

  it.each([
    ["right to the last second", { clockSeconds: NOW_SECONDS - 300 }, "met"],
    ["not to be told", { clockSeconds: undefined }, "not-measured"],
  ] as const)("with a clock that is %s", async (_how, changes, state) => {
    const { ready, lines } = await check({ facts: changes });
    expect(lines.find(({ requirement }) => requirement === "clock")?.state).toBe(state);
    expect(ready).toBe(true);
  });

  it("shows configurations by their names, and by their ids where they have none here", async () => {
    const seen = {
      probe: bareProbe({ lock: { runId: "r", configurationId: "configuration-1", pid: 7 } }),
      ...{ lookedFromSeconds: NOW_SECONDS, lookedUntilSeconds: NOW_SECONDS },
    };
    const said = (lines: ReturnType<typeof linuxLines>) =>
      lines.find(({ requirement }) => requirement === "package-lock")?.message;
    const configurationName = (id: string) => (id === "configuration-1" ? "fleet" : undefined);
    expect(said(linuxLines({ ...seen, configurationName }, wanted))).toContain("of the configuration fleet is");
    const elsewhere = { ...seen, configurationName: () => undefined };
    expect(said(linuxLines(elsewhere, wanted))).toContain("of the configuration configuration-1 is");
  });

  it("that does not let its user become root is still looked at, as far as the user sees", async () => {
    const { ready, lines } = await check({ asRoot: fault("sudo-password"), probe: { init: "none" } });
    const states = Object.fromEntries(lines.map(({ requirement, state }) => [requirement, state]));
    expect(states).toMatchObject({
      "log-in": "met",
      root: "not-met",
      "service-manager": "not-met",
      disk: "met",
      "old-agent": "not-measured",
    });
    expect(lines.find(({ requirement }) => requirement === "root")?.message).toBe("played: sudo-password");
    expect(ready).toBe(false);
  });

  it.each([
    ["port-closed", "port"],
    ["connect-timeout", "port"],
    ["host-key-changed", "host-key"],
    ["auth-failed", "log-in"],
  ] as const)(
    "that cannot be looked at because of %s has met what comes before, and the rest has its command",
    async (code, requirement) => {
      const { lines } = await check({ connecting: fault(code) }, namedTarget("web01"));
      const at = LINUX_REQUIREMENTS.indexOf(requirement);
      expect(lines.map(({ state }) => state)).toEqual(
        LINUX_REQUIREMENTS.map((_, index) => (index < at ? "met" : index === at ? "not-met" : "not-measured")),
      );
      expect(lines[at]?.repair).toEqual(expect.any(String));
      const disk = lines.find((line) => line.requirement === "disk");
      expect(disk).toMatchObject({ message: "not looked at: there was no log-in", command: "df -h /var/tmp /opt" });
    },
  );

  it("that shows another host key than before is told the command for itself", async () => {
    const { lines, noLook } = await check({ connecting: fault("host-key-changed") }, namedTarget("web01"));
    const repairs = [noLook?.hint, lines.find(({ requirement }) => requirement === "host-key")?.repair];
    for (const repair of repairs) expect(repair).toContain("`kace hostkeys forget web01`");
  });

  it("whose connection broke in the middle has not shown its key", async () => {
    const { lines, noLook } = await check({ connecting: fault("lost") }, namedTarget("web01"));
    const states = Object.fromEntries(lines.map(({ requirement, state }) => [requirement, state]));
    expect(states).toMatchObject({
      port: "met",
      "host-key": "not-measured",
      "log-in": "not-met",
      root: "not-measured",
    });
    expect(noLook).toMatchObject({ class: "unreachable", code: "disconnected", hint: expect.any(String) });
  });

  it.each([
    ["port-filtered", "unreachable"],
    ["auth-failed", "failed"],
  ] as const)("that cannot be looked at is %s, in the words of outcomes", async (code, outcomeClass) => {
    const { noLook } = await check({ connecting: fault(code) });
    expect(noLook).toMatchObject({ class: outcomeClass, code, message: `played: ${code}`, hint: expect.any(String) });
    expect((await check({})).noLook).toBeUndefined();
  });

  it("whose name does not exist is told so first", async () => {
    const { lines } = await check({}, namedTarget("nowhere"));
    expect(lines[0]).toMatchObject({ requirement: "name", state: "not-met" });
    expect(lines[1]?.state).toBe("not-measured");
  });

  it("without a bundle and a server to judge by is not judged by them", async () => {
    const { ready, lines } = await check({ wanted: { packages: undefined, server: undefined, version: "1.4.2" } });
    const unmeasured = lines.filter(({ state }) => state === "not-measured").map(({ requirement }) => requirement);
    expect(unmeasured).toEqual(["architecture", "server-name", "server-port"]);
    expect(ready).toBe(true);
  });
});

it("a system whose fitness depends on the version of the agent is not judged without one", async () => {
  const { lines } = await check({ wanted: { flavour: FLAVOURS.quest, packages: undefined } });
  expect(lines.find(({ requirement }) => requirement === "supported-os")).toMatchObject({
    state: "not-measured",
    message: expect.stringContaining("depends on its version, and none was given"),
    repair: "name the version of the agent, or a bundle of it",
  });
});

describe("a Windows machine", () => {
  async function checkWindows(ports: Readonly<Record<number, PortState>>, target: Target = namedTarget("pc01")) {
    const question: PrerequisitesQuestion = { platform: "windows", targets: [target], portTimeoutMs: 2_000 };
    const [readiness] = await checkPrerequisites(question, worldOf({ ports }));
    if (readiness === undefined) throw new Error("a target got no answer");
    return readiness;
  }

  it("has a line for every requirement of the guide; ports are measured, the rest has the command that shows it", async () => {
    const { lines } = await checkWindows({ 139: "open", 445: "filtered", 5985: "closed" });
    expect(lines.map(({ requirement }) => requirement)).toEqual(WINDOWS_REQUIREMENTS);
    const byName = Object.fromEntries(lines.map((line) => [line.requirement, line]));
    expect(byName["port-139"]).toMatchObject({ state: "met" });
    expect(byName["port-445"]).toMatchObject({ state: "not-met", message: "port 445 (SMB) does not answer" });
    expect(byName["port-445"]?.repair).toContain('group="File and Printer Sharing"');
    expect(byName["port-5985"]).toMatchObject({ state: "not-met", message: "nothing listens on port 5985 (WinRM)" });
    for (const requirement of WINDOWS_REQUIREMENTS.slice(4)) {
      expect(byName[requirement], requirement).toMatchObject({
        state: "not-measured",
        command: expect.stringMatching(/./),
        repair: expect.stringMatching(/./),
      });
    }
  });

  it.each([
    [{ 139: "open", 445: "open", 5985: "closed" }, true],
    [{ 139: "closed", 445: "closed", 5985: "open" }, true],
    [{ 139: "open", 445: "closed", 5985: "closed" }, false],
    [{ 139: "filtered", 445: "filtered", 5985: "filtered" }, false],
  ] as const)("with ports %j has a way in: %s", async (ports, ready) => {
    expect((await checkWindows(ports)).ready).toBe(ready);
  });

  it("whose name does not exist has no ports to look at", async () => {
    const { ready, lines } = await checkWindows({}, namedTarget("nowhere"));
    expect(lines[0]).toMatchObject({ requirement: "name", state: "not-met" });
    expect(lines[1]).toMatchObject({ requirement: "port-139", state: "not-measured" });
    expect(ready).toBe(false);
  });
});

it("every target has its answer, in their order", async () => {
  const targets = ["c", "a", "b"].map(namedTarget);
  const all = await checkPrerequisites({ platform: "windows", targets, portTimeoutMs: 1 }, worldOf({}));
  expect(all.map(({ machine }) => machine)).toEqual(["c", "a", "b"]);
});
