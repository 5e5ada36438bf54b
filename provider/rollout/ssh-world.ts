import type { ActivationRequest, DesiredAgent, Flavour, Probe } from "../agent/agent.ts";
import { type Machine, MachineError } from "../machines/machine.ts";
import { connectSsh } from "../machines/ssh/connect.ts";
import type { JumpChain } from "../machines/ssh/jump-chain.ts";
import { factsOf, identityOf, rightCode } from "./activation-ending.ts";
import type { AgentWork, CarriablePlan } from "./agent-work.ts";
import { CarryOut, type CarryOutLimits } from "./carry-out.ts";
import type { Clock } from "./clock.ts";
import type { OutcomeCode } from "./codes.ts";
import type { ConfigurationNames } from "./configuration-names.ts";
import type { Dns } from "./dns/dns.ts";
import type { HostKeyPins } from "./host-key-pins.ts";
import type { Ending, MachineFacts } from "./outcome.ts";
import type { PortResult } from "./ports/port-state.ts";
import { probePorts, sweepPorts } from "./ports/sweep.ts";
import { type SweepPorts, siftByPorts } from "./sift-ports.ts";
import { jumpsOf, type SshLogIn, sshOptionsFor } from "./ssh-log-in.ts";
import type {
  Ended,
  LookContext,
  Looked,
  Planned,
  RolloutWorld,
  SiftContext,
  Sifted,
  Target,
  WorkContext,
} from "./world.ts";

/** What a rollout over ssh wants of its machines, and how it gets there. */
export interface SshWorldOptions {
  readonly logIn: SshLogIn;
  readonly pins: HostKeyPins;
  readonly dns: Dns;
  /** Whether the names of addresses are looked up, for the results. */
  readonly lookUpNames: boolean;
  readonly agent: AgentWork;
  /** Which agents are looked for. */
  readonly flavours: readonly Flavour[];
  readonly configurationId: string;
  /** Learns what people call other configurations that a machine names. */
  readonly names?: Pick<ConfigurationNames, "learn"> | undefined;
  /** Where agents will connect to, tried from each machine; absent where nothing is installed. */
  readonly server?: { readonly host: string; readonly port: number } | undefined;
  /** What is wanted of a target's agent; `undefined` if the configuration says nothing of its platform. */
  readonly desiredFor: (target: Target, platform: string) => DesiredAgent | undefined;
  /** Why an action that is planned must not be begun, such as for want of a token that agents could enrol with. */
  readonly objection?: (
    action: SshPlan["action"],
  ) => { readonly code: OutcomeCode; readonly message: string } | undefined;
  /** What an activation needs besides. Absent in a preview. */
  readonly activation?: Omit<ActivationRequest, "desired" | "runId" | "signal" | "onLog"> | undefined;
  /** Makes the name of an attempt on a machine, not used before: `[A-Za-z0-9._-]+`. */
  readonly newRunId: () => string;
  readonly limits: CarryOutLimits;
  readonly clock: Clock;
  readonly random: () => number;
  readonly connect?: typeof connectSsh;
  readonly sweep?: SweepPorts;
  readonly ask?: typeof probePorts;
}

/** A machine that was looked at and is still connected. */
export interface SshLook {
  readonly target: Target;
  machine: Machine;
  readonly reconnect: (signal: AbortSignal) => Promise<Machine>;
  readonly probe: Probe;
  readonly where: Pick<MachineFacts, "name" | "address">;
}

/** What is to be done to it. */
export interface SshPlan extends Planned {
  readonly plan: CarriablePlan;
  readonly desired: DesiredAgent;
}

/** The machines of a rollout as they are reached by ssh: one connection each, and one round trip where all is right. */
export class SshWorld implements RolloutWorld<SshLook, SshPlan> {
  readonly #options: SshWorldOptions;
  readonly #connect: typeof connectSsh;
  readonly #jumps: JumpChain | undefined;

  constructor(options: SshWorldOptions) {
    this.#options = options;
    this.#connect = options.connect ?? connectSsh;
    this.#jumps = jumpsOf(options.logIn, options.pins);
  }

  async *sift(targets: Iterable<Target>, context: SiftContext): AsyncGenerator<Sifted> {
    const { logIn, sweep = sweepPorts } = this.#options;
    if (logIn.bypassPortCheck || logIn.jumpHosts.length > 0) {
      for (const target of targets) yield { target };
      return;
    }
    const ports = [...new Set([logIn.port, ...logIn.requiredPorts])];
    yield* siftByPorts(targets, context, { ports, timeoutMs: logIn.portTimeoutMs, sweep });
  }

  async look(target: Target, context: LookContext): Promise<Looked<SshLook> | Ended> {
    let answered: string | undefined;
    try {
      const addresses = await this.#addressesOf(target);
      const naming = this.#nameOf(target);
      await this.#requirePorts(addresses, context.signal);
      const onAnswer = (address: string) => {
        answered = address;
      };
      const host = target.name ?? target.address ?? target.key;
      const { logIn, pins } = this.#options;
      const reach = { host, addresses, jumps: this.#jumps, onAnswer };
      const connect = async (signal: AbortSignal) =>
        await this.#connect(sshOptionsFor(logIn, pins, { ...reach, signal }));
      const machine = await context.handshake(() => connect(context.signal));
      return await this.#lookAt(target, machine, context, connect, async () => ({
        name: target.name ?? (await naming),
        address: target.address ?? answered ?? addresses[0],
      }));
    } catch (error) {
      const dead = target.origin === "range" && !context.known && answered === undefined && isSilence(error);
      if (!dead) throw error;
      return { kind: "ended", ending: { code: "absent", action: "none" } };
    }
  }

  plan({ target, probe, where }: SshLook): SshPlan | Ended {
    const { platform } = probe.os;
    const desired = this.#options.desiredFor(target, platform);
    if (desired === undefined) {
      const message = `the configuration has no section for ${platform === "unknown" ? "an unknown platform" : platform}`;
      return ended({ code: "platform-not-configured", action: "none", message, ...where, platform });
    }
    const plan = this.#options.agent.planFor(probe, desired);
    const facts = factsOf(probe, desired.flavour.name, where);
    if (plan.action === "blocked") {
      return ended({ ...facts, code: plan.code, action: "none", message: plan.reason, hint: plan.hint });
    }
    const message = [plan.reason, ...plan.remarks].join("; ");
    if (!plan.writes) return ended({ ...facts, code: rightCode(plan, desired.state), action: "none", message });
    const objection = this.#options.objection?.(plan.action);
    if (objection !== undefined) return ended({ ...facts, ...objection, action: plan.action });
    return { kind: "planned", action: plan.action, reason: message, facts, plan, desired };
  }

  async carryOut(look: SshLook, { plan, desired }: SshPlan, context: WorkContext): Promise<Ending> {
    const { activation, agent, newRunId, clock, random, limits } = this.#options;
    if (activation === undefined) throw new Error("a world for previews was asked to write");
    const work = new CarryOut({ look, desired, activation, agent, newRunId, clock, random, limits, context });
    return await work.run(plan);
  }

  async release({ machine }: SshLook): Promise<void> {
    await machine.close();
  }

  async #lookAt(
    target: Target,
    machine: Machine,
    { signal, handshake }: LookContext,
    connect: (signal: AbortSignal) => Promise<Machine>,
    whereIs: () => Promise<Pick<MachineFacts, "name" | "address">>,
  ): Promise<Looked<SshLook>> {
    const { pins, logIn, agent, flavours, configurationId, server } = this.#options;
    try {
      const { hostKey } = machine;
      if (hostKey !== undefined && logIn.hostKeys.policy === "acceptNew") {
        await pins.pin(target.name ?? target.address ?? target.key, logIn.port, hostKey);
      }
      const probe = await agent.probe(machine, { flavours, server, configurationId, signal });
      const [where] = await Promise.all([whereIs(), this.#options.names?.learn(othersOn(probe, configurationId))]);
      return {
        kind: "looked",
        identity: identityOf(probe, hostKey?.fingerprint),
        look: { target, machine, probe, where, reconnect: (until) => handshake(() => connect(until)) },
      };
    } catch (error) {
      await machine.close();
      throw error;
    }
  }

  /** Where a target may be; nowhere if only a jump host can tell. */
  async #addressesOf({ name, address }: Target): Promise<readonly string[]> {
    if (address !== undefined) return [address];
    const { logIn, dns } = this.#options;
    if (name === undefined || logIn.jumpHosts.length > 0) return [];
    const found = await dns.forward(name);
    if (found.kind === "resolved") return found.addresses;
    const reasons = {
      "not-found": `the name ${name} does not exist`,
      timeout: `no name server answered for ${name} in time`,
      refused: `the name server could not answer for ${name}${found.kind === "refused" ? ` (${found.reason})` : ""}`,
    };
    throw new MachineError({ code: "dns-failed", message: reasons[found.kind] });
  }

  /** The name of an address, for the results: whatever goes wrong with that is no reason to fail. */
  async #nameOf({ name, address }: Target): Promise<string | undefined> {
    if (!this.#options.lookUpNames || name !== undefined || address === undefined) return undefined;
    try {
      const found = await this.#options.dns.reverse(address);
      return found.kind === "resolved" ? found.names[0] : undefined;
    } catch {
      return undefined; // the run was cancelled, which the connection is told too
    }
  }

  /** Looks at the required ports, other than the one that the connection itself tries. */
  async #requirePorts(addresses: readonly string[], signal: AbortSignal): Promise<void> {
    const { logIn, ask = probePorts } = this.#options;
    const [address] = addresses;
    const ports = logIn.requiredPorts.filter((port) => port !== logIn.port);
    if (ports.length === 0 || address === undefined || logIn.bypassPortCheck || logIn.jumpHosts.length > 0) return;
    const results = await ask({ address, ports, timeoutMs: logIn.portTimeoutMs, signal });
    const shut = results.find(({ state }) => state !== "open");
    if (shut !== undefined) throw portFault(shut);
  }
}

function portFault({ port, state }: PortResult): MachineError {
  const closed = state === "closed";
  return new MachineError({
    code: closed ? "port-closed" : "port-filtered",
    message: closed ? `nothing listens on the required port ${port}` : `the required port ${port} does not answer`,
    hint: "take it off `requiredPorts`, or set `bypassPortCheck`, if it is not needed",
    transient: !closed,
  });
}

function isSilence(error: unknown): boolean {
  return error instanceof MachineError && (error.code === "port-filtered" || error.code === "connect-timeout");
}

function ended(ending: Ending): Ended {
  return { kind: "ended", ending };
}

/** The configurations that a machine names besides this one. */
function othersOn({ receipt, lock }: Probe, configurationId: string): string[] {
  const named = [receipt === "unreadable" ? undefined : receipt?.configurationId, lock?.configurationId];
  return named.filter((id) => id !== undefined).filter((id) => id !== configurationId);
}
