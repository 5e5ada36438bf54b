import { describe, expect, it } from "vitest";
import type { Machine, MachineError } from "../../provider/machines/machine.ts";
import type { SshOptions } from "../../provider/machines/ssh/connect.ts";
import { JumpChain } from "../../provider/machines/ssh/jump-chain.ts";
import { identityOf } from "../../provider/rollout/activation-ending.ts";
import { agentWork } from "../../provider/rollout/agent-work.ts";
import { ConfigurationNames } from "../../provider/rollout/configuration-names.ts";
import type { Outcome } from "../../provider/rollout/outcome.ts";
import { type PreviewOptions, previewRollout, runRollout } from "../../provider/rollout/run.ts";
import type { SshLogIn } from "../../provider/rollout/ssh-log-in.ts";
import { type SshLook, type SshPlan, SshWorld, type SshWorldOptions } from "../../provider/rollout/ssh-world.ts";
import { addressTarget, namedTarget, type Target } from "../../provider/rollout/targets/target.ts";
import {
  bareProbe,
  desired,
  failure,
  fault,
  PlayedAgent,
  PlayedMachine,
  planned,
  rightProbe,
  success,
} from "./played-agent.ts";
import { VirtualClock } from "./virtual-clock.ts";

const logIn: SshLogIn = {
  username: "root",
  credentials: { password: "secret" },
  port: 22,
  become: { method: "none" },
  hostKeys: { policy: "acceptNew" },
  jumpHosts: [],
  requiredPorts: [22],
  portTimeoutMs: 2_000,
  bypassPortCheck: false,
  connectTimeoutMs: 10_000,
  authTimeoutMs: 20_000,
  commandTimeoutMs: 120_000,
};

const LISTED = {
  organization: "default",
  description: { targets: "db01", enabled: true, state: "present" as const },
  createdAt: "2027-03-01T08:00:00.000Z",
  updatedAt: "2027-03-01T08:00:00.000Z",
  changedSinceRun: false,
};

/** A world of one played machine, with all that was asked of it. */
function play(agent: PlayedAgent, changes: Partial<SshWorldOptions> = {}, connects: (Error | undefined)[] = []) {
  const clock = new VirtualClock();
  const machines: PlayedMachine[] = [];
  const asked: SshOptions[] = [];
  const pinned: string[] = [];
  let runs = 0;
  const world = new SshWorld({
    logIn,
    pins: {
      known: () => [],
      pin: async (host, port, key) => {
        pinned.push(`${host}:${port} ${key.fingerprint}`);
      },
    },
    dns: {
      forward: async (name) =>
        name === "web01" ? { kind: "resolved", addresses: ["10.0.0.1"] } : { kind: "not-found" },
      reverse: async () => ({ kind: "resolved", names: ["web01.corp.example"] }),
    },
    lookUpNames: true,
    agent,
    flavours: [desired.flavour],
    configurationId: "berlin",
    server: desired.server,
    desiredFor: (_target, platform) => (platform === "linux" ? desired : undefined),
    activation: {
      source: () => {
        throw new Error("no package is read in a play");
      },
      verify: { timeoutMs: 1_000, waitForConnection: true },
      timeouts: { installMs: 60_000 },
    },
    newRunId: () => `run-${++runs}`,
    limits: { awayMs: 60_000, attempts: 3 },
    clock,
    random: () => 1,
    connect: async (options): Promise<Machine> => {
      asked.push(options);
      const error = connects.shift();
      if (error !== undefined) throw error;
      const machine = new PlayedMachine();
      machines.push(machine);
      return machine;
    },
    sweep: async ({ addresses, ports, onResult }) => {
      for (const address of addresses) onResult({ address, ports: ports.map((port) => ({ port, state: "open" })) });
    },
    ...changes,
  });
  const options = (targets: Target[]): PreviewOptions<SshLook, SshPlan> => ({
    targets,
    total: targets.length,
    world,
    limits: { maxHandshakes: 4, maxConcurrency: 4, maxFailures: "100%", maxUnreachable: "100%" },
    retry: { attempts: 2, baseMs: 1_000, capMs: 1_000 },
    clock,
    random: () => 1,
    signal: new AbortController().signal,
  });
  const written: Outcome[] = [];
  const journal = async (outcomes: readonly Outcome[]) => {
    written.push(...outcomes);
  };
  const up = async (...targets: Target[]) => await clock.play(runRollout({ ...options(targets), journal }));
  const preview = async (...targets: Target[]) => await clock.play(previewRollout(options(targets)));
  return { up, preview, machines, asked, pinned, written, clock };
}

const web01 = namedTarget("web01");

describe("a machine by ssh", () => {
  it.each([
    ["by its name", "databases"],
    ["by its id, where the appliance does not know it", undefined],
  ])("that another configuration looks after names that one %s, and is asked of once", async (_how, name) => {
    const asked: string[] = [];
    const names = new ConfigurationNames({
      getConfiguration: async ({ id }) => {
        asked.push(id);
        if (name === undefined) throw new Error("played: it is not known");
        return { ...LISTED, id, name };
      },
    });
    const made = { packageSha256: undefined, packageFormat: undefined, adopted: false };
    const receipt = { ...made, configurationId: "config-db", flavour: "reference", version: "1.4.2" };
    const agent = { ...agentWork, probe: async () => ({ ...rightProbe(), receipt }) };
    const { preview } = play(new PlayedAgent({}), {
      agent,
      names,
      desiredFor: () => ({ ...desired, configurationName: names.of }),
    });
    const { outcomes } = await preview(web01, addressTarget("10.0.0.2", "address"));
    expect(outcomes.get("web01")).toMatchObject({
      code: "claimed",
      message: `the agent belongs to the configuration "${name ?? "config-db"}"`,
    });
    expect(asked).toEqual(["config-db"]);
  });

  it("is looked at, worked on and proved over one connection, which is closed", async () => {
    const agent = new PlayedAgent({});
    const { up, machines, asked, pinned } = play(agent);
    const { outcomes } = await up(web01);
    expect(outcomes.get("web01")).toMatchObject({
      code: "repaired",
      action: "repair",
      name: "web01",
      address: "10.0.0.1",
      platform: "linux",
      version: "1.4.2",
      server: "kbox.corp.example:8443",
      kuid: "kuid-1",
      connected: true,
    });
    expect(agent.calls).toEqual(["probe", "plan", "activate"]);
    expect(machines.map(({ closed }) => closed)).toEqual([1]);
    expect(asked).toHaveLength(1);
    expect(pinned).toEqual(["web01:22 SHA256:one"]);
  });

  it("that is right costs one look", async () => {
    const agent = new PlayedAgent({ probes: [rightProbe()], plans: [planned("none")] });
    const { outcomes } = await play(agent).up(web01);
    expect(outcomes.get("web01")).toMatchObject({ code: "unchanged", action: "none", version: "1.4.2" });
    expect(agent.calls).toEqual(["probe", "plan"]);
  });

  it("that is right and not recorded yet is adopted", async () => {
    const adopts = planned("none", { writes: true, adopts: true });
    const agent = new PlayedAgent({ plans: [adopts], activations: [{ ...success, class: "unchanged" }] });
    const { outcomes } = await play(agent).up(web01);
    expect(outcomes.get("web01")).toMatchObject({ code: "adopted", action: "none", class: "unchanged" });
  });

  it("that is blocked says why and is not written to", async () => {
    const blocked = { action: "blocked", code: "disk-full", reason: "2 MB are free", hint: "make room" } as const;
    const agent = new PlayedAgent({ plans: [blocked] });
    const { outcomes } = await play(agent).up(web01);
    expect(outcomes.get("web01")).toMatchObject({ code: "disk-full", message: "2 MB are free", hint: "make room" });
    expect(agent.calls).not.toContain("activate");
  });

  it("of a platform without a section is not configured", async () => {
    const agent = new PlayedAgent({ probes: [bareProbe({ os: { ...bareProbe().os, platform: "freebsd" } })] });
    const { outcomes } = await play(agent).up(web01);
    expect(outcomes.get("web01")).toMatchObject({
      code: "platform-not-configured",
      platform: "freebsd",
      message: "the configuration has no section for freebsd",
    });
  });

  it("whose name nobody knows is not dialled", async () => {
    const { up, asked } = play(new PlayedAgent({}));
    const { outcomes } = await up(namedTarget("nowhere"));
    expect(outcomes.get("nowhere")).toMatchObject({ code: "dns-failed", message: "the name nowhere does not exist" });
    expect(asked).toEqual([]);
  });

  it("lacks a required port and is not logged in to", async () => {
    const changes: Partial<SshWorldOptions> = {
      logIn: { ...logIn, requiredPorts: [22, 443] },
      ask: async ({ ports }) => ports.map((port) => ({ port, state: "closed" })),
    };
    const { up, asked } = play(new PlayedAgent({}), changes);
    const { outcomes } = await up(web01);
    expect(outcomes.get("web01")).toMatchObject({
      code: "port-closed",
      message: "nothing listens on the required port 443",
    });
    expect(asked).toEqual([]);
  });

  it("gets its name from the name server where it was given by address", async () => {
    const { outcomes } = await play(new PlayedAgent({})).up(addressTarget("10.0.0.1", "address"));
    expect(outcomes.get("10.0.0.1")).toMatchObject({ name: "web01.corp.example", address: "10.0.0.1" });
  });

  it("is reached through a jump host, which resolves its name", async () => {
    const jump = { host: "bastion", port: 22, username: "me", credentials: {} };
    const { up, asked } = play(new PlayedAgent({}), { logIn: { ...logIn, jumpHosts: [jump] } });
    const { outcomes } = await up(namedTarget("inside"));
    expect(outcomes.get("inside")?.code).toBe("repaired");
    expect(asked[0]).toMatchObject({ host: "inside", jumps: expect.any(JumpChain) });
    expect(asked[0]?.address).toBeUndefined();
    expect(asked[0]?.dial).toBeUndefined();
  });

  it("that ended the connection before it was looked at is not lost, but unreachable", async () => {
    const { outcomes } = await play(new PlayedAgent({}), {}, [fault("lost", true), fault("lost", true)]).up(web01);
    expect(outcomes.get("web01")).toMatchObject({ code: "disconnected", class: "unreachable" });
  });

  it("is closed when the look at it fails", async () => {
    const { up, machines } = play(new PlayedAgent({ probes: [fault("no-privilege")] }));
    const { outcomes } = await up(web01);
    expect(outcomes.get("web01")?.code).toBe("no-privilege");
    expect(machines.map(({ closed }) => closed)).toEqual([1]);
  });

  it.each([
    ["a silent address of a range is absent", "range", "absent"],
    ["a silent address that was named is unreachable", "address", "port-filtered"],
  ] as const)("%s", async (_title, origin, code) => {
    const silent = () => fault("port-filtered", true);
    const { up } = play(new PlayedAgent({}), {}, [silent(), silent()]);
    const { outcomes, summary } = await up(addressTarget("10.0.0.9", origin));
    expect(outcomes.get("10.0.0.9")?.code ?? (summary.absent === 1 ? "absent" : "nothing")).toBe(code);
  });

  it("is one for a name and an address", async () => {
    const { up } = play(new PlayedAgent({}));
    const { outcomes, summary } = await up(web01, addressTarget("10.0.0.1", "address"));
    expect([...outcomes.keys()]).toEqual(["web01"]);
    expect(summary.total).toBe(1);
  });

  it("is only looked at in a preview", async () => {
    const agent = new PlayedAgent({ plans: [planned("remove", { remarks: ["another agent is there too"] })] });
    const { preview, written } = play(agent);
    const { outcomes } = await preview(web01);
    expect(outcomes.get("web01")).toMatchObject({
      code: "planned",
      action: "remove",
      message: "remove it; another agent is there too",
    });
    expect(agent.calls).toEqual(["probe", "plan"]);
    expect(written).toEqual([]);
  });
});

describe("work on a machine", () => {
  it("that fails says how, with what the machine said in the journal", async () => {
    const { up, written } = play(new PlayedAgent({ activations: [failure()] }));
    const { outcomes } = await up(web01);
    expect(outcomes.get("web01")).toMatchObject({
      code: "install-failed",
      action: "repair",
      message: "the installer exited with 1",
      hint: "read its log",
    });
    expect(written[0]?.log).toBe("E: broken");
  });

  it("whose connection broke is taken up on a new one, under the same name", async () => {
    const lost = failure({ code: "lost", message: "the connection broke", resumable: true });
    const agent = new PlayedAgent({ activations: [lost, success] });
    const { up, machines, clock } = play(agent, {}, [undefined, fault("port-closed"), fault("connect-timeout", true)]);
    const { outcomes } = await up(web01);
    expect(outcomes.get("web01")?.code).toBe("repaired");
    expect(agent.calls).toEqual(["probe", "plan", "activate", "resume"]);
    expect(agent.runIds).toEqual(["run-1", "run-1"]);
    expect(machines.map(({ closed }) => closed)).toEqual([1, 1]);
    expect(clock.nowMs()).toBeGreaterThanOrEqual(7_000);
  });

  it("that broke before anything was changed is planned anew", async () => {
    const broke = failure({ code: "upload-failed", transient: true });
    const agent = new PlayedAgent({ activations: [broke, success] });
    const { outcomes } = await play(agent).up(web01);
    expect(outcomes.get("web01")?.code).toBe("repaired");
    expect(agent.calls).toEqual(["probe", "plan", "activate", "probe", "plan", "activate"]);
    expect(agent.runIds).toEqual(["run-1", "run-2"]);
  });

  it("that shows an agent to be damaged puts its package over it, once", async () => {
    const refuses = failure({
      message: "the agent did not take its configuration: worn out",
      probeAfter: rightProbe(),
    });
    const steps = [{ version: "1.4.2" }];
    const plans = [planned("repair"), planned("repair", { steps } as object)];
    const mended = new PlayedAgent({ plans: [...plans], activations: [refuses, success] });
    const { up, written } = play(mended);
    expect((await up(web01)).outcomes.get("web01")?.code).toBe("repaired");
    expect(mended.calls).toEqual(["probe", "plan", "activate", "plan", "activate"]);
    expect(mended.runIds).toEqual(["run-1", "run-2"]);
    expect(written[0]?.log).toContain("worn out; installing it again");
    const hopeless = new PlayedAgent({ plans, activations: [refuses, refuses] });
    expect((await play(hopeless).up(web01)).outcomes.get("web01")?.message).toContain("worn out");
    expect(hopeless.runIds).toEqual(["run-1", "run-2"]);
  });

  it("is begun only so often", async () => {
    const agent = new PlayedAgent({ activations: [failure({ code: "upload-failed", transient: true })] });
    const { outcomes } = await play(agent).up(web01);
    expect(outcomes.get("web01")?.code).toBe("upload-failed");
    expect(agent.runIds).toEqual(["run-1", "run-2", "run-3"]);
  });

  it("whose package is cut off again and again failed on its way, whatever little the machine knows of it", async () => {
    const cut = failure({ code: "upload-failed", message: "cut", resumable: true });
    const gone = failure({ code: "lost", message: "it broke off", transient: true });
    const agent = new PlayedAgent({ activations: [cut, gone, cut, gone, cut, gone] });
    const { outcomes } = await play(agent).up(web01);
    expect(outcomes.get("web01")).toMatchObject({ code: "upload-failed", message: "cut" });
    expect(agent.calls.filter((call) => call === "resume")).toHaveLength(3);
  });

  it("that turns out to be done is done", async () => {
    const broke = failure({ code: "upload-failed", transient: true });
    const agent = new PlayedAgent({
      probes: [bareProbe(), rightProbe()],
      plans: [planned("repair"), planned("none")],
      activations: [broke],
    });
    const { outcomes } = await play(agent).up(web01);
    expect(outcomes.get("web01")).toMatchObject({ code: "repaired", version: "1.4.2" });
    expect(agent.runIds).toEqual(["run-1"]);
  });

  it("is lost if the machine stays away for too long", async () => {
    const lost = failure({ code: "lost", message: "the connection broke", resumable: true });
    const gone = Array.from({ length: 50 }, () => fault("connect-timeout", true));
    const { up, machines } = play(new PlayedAgent({ activations: [lost] }), {}, [undefined, ...gone] as (
      | MachineError
      | undefined
    )[]);
    const { outcomes } = await up(web01);
    expect(outcomes.get("web01")).toMatchObject({
      code: "lost",
      class: "failed",
      action: "repair",
      message: "the connection broke; connecting again failed: played: connect-timeout",
    });
    expect(machines.every(({ closed }) => closed > 0)).toBe(true);
  });

  it("is not tried again where the log-in is refused", async () => {
    const lost = failure({ code: "lost", message: "the connection broke", resumable: true });
    const { up, asked } = play(new PlayedAgent({ activations: [lost] }), {}, [undefined, fault("auth-failed")]);
    const { outcomes } = await up(web01);
    expect(outcomes.get("web01")?.code).toBe("lost");
    expect(asked).toHaveLength(2);
  });
});

describe("what makes two targets one machine", () => {
  const key = "SHA256:one";
  it.each([
    ["the same id, key and name", { machineId: "a", hostname: "web01" }, key, true],
    ["another host key: a copied disk", { machineId: "a", hostname: "web01" }, "SHA256:two", false],
    ["another machine id: a copied image", { machineId: "b", hostname: "web01" }, key, false],
    ["another name: a copy that was renamed", { machineId: "a", hostname: "web02" }, key, false],
  ])("%s", (_title, probe, hostKey, same) => {
    const known = identityOf({ machineId: "a", hostname: "web01" }, key);
    expect(identityOf(probe, hostKey) === known).toBe(same);
  });

  it("is nothing where a machine shows neither an id nor a key", () => {
    expect(identityOf({ machineId: undefined, hostname: "web01" }, undefined)).toBeUndefined();
  });
});
