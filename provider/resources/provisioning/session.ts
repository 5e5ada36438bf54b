import { randomBytes } from "node:crypto";
import { type DesiredAgent, FLAVOURS, type Flavour } from "../../agent/agent.ts";
import type { Appliance } from "../../appliance/appliance.ts";
import { durationMs, resolveCount } from "../../kit/define/scalars.ts";
import { type AgentWork, agentWork } from "../../rollout/agent-work.ts";
import { systemClock } from "../../rollout/clock.ts";
import { ConfigurationNames } from "../../rollout/configuration-names.ts";
import { createDns } from "../../rollout/dns/dns.ts";
import { nameServer, systemNames } from "../../rollout/dns/name-source.ts";
import { readPins } from "../../rollout/host-key-pins.ts";
import { logInOf } from "../../rollout/linux-access.ts";
import type { RetryPolicy } from "../../rollout/retry.ts";
import type { Limits } from "../../rollout/run.ts";
import type { SshLogIn } from "../../rollout/ssh-log-in.ts";
import { SshWorld } from "../../rollout/ssh-world.ts";
import { targetsOf } from "./crowd.ts";
import { desiredAgent } from "./desired.ts";
import type { Ground } from "./ground.ts";
import type { Inputs } from "./inputs.ts";
import { packageSource } from "./package-source.ts";

/** What a look at machines, or work on them, is about. */
export interface SessionOptions {
  readonly inputs: Inputs;
  readonly ground: Ground;
  readonly configurationId: string;
  readonly appliance: Appliance;
  readonly signal: AbortSignal;
  /** The most machines at once that the provider allows, whatever the configuration says. */
  readonly maxConcurrency?: number | undefined;
  /** False for previews and refreshes: then host keys are not pinned and nothing can be carried out. */
  readonly writes: boolean;
}

/** The way to the machines of a configuration, for one run or look. */
export interface Session {
  /** @param override `removed` for machines that are no longer targets, and for a destroy */
  world(override?: "removed"): SshWorld;
  readonly limits: Limits;
  readonly retry: RetryPolicy;
}

/** How long a machine may stay away, such as for a restart, while work on it has not ended. */
const AWAY_MS = 180_000;
const RETRY_BASE_MS = 1_000;
const RETRY_CAP_MS = 15_000;

const DEFAULT_LIMITS: Limits = { maxConcurrency: 32, maxHandshakes: 32, maxFailures: 0, maxUnreachable: 0 };

/** Prepares the way to the machines; the host keys that were pinned are read once. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { inputs, ground, configurationId, appliance, signal, writes } = options;
  const pins = await readPins(appliance, writes ? configurationId : undefined);
  const dnsTimeoutMs = durationMs(inputs.dns?.timeout ?? "2s");
  const names =
    inputs.dns?.nameServer === undefined ? systemNames(dnsTimeoutMs) : nameServer(inputs.dns.nameServer, dnsTimeoutMs);
  const dns = createDns(names, { timeoutMs: dnsTimeoutMs, signal });
  const source = packageSource(appliance);
  const { agent, rollout } = inputs;
  const attempts = rollout?.attempts ?? 3;
  const retry: RetryPolicy = { attempts, baseMs: RETRY_BASE_MS, capMs: RETRY_CAP_MS };

  const configurations = new ConfigurationNames(appliance);
  const world = (override?: "removed") => {
    const desired: DesiredAgent = {
      ...desiredAgent(inputs, ground, configurationId, override),
      configurationName: configurations.of,
    };
    return new SshWorld({
      logIn: logInFor(inputs),
      pins,
      dns,
      lookUpNames: inputs.dns?.lookup ?? true,
      agent: ground.serverRuns ? agentWork : withoutConnections,
      flavours: flavoursFor(desired, ground),
      configurationId,
      names: configurations,
      server: desired.state === "present" ? ground.server : undefined,
      desiredFor: (_target, platform) => (platform === "linux" ? desired : undefined),
      activation: writes
        ? {
            source,
            token: agent?.token,
            verify: {
              timeoutMs: durationMs(agent?.connectTimeout ?? "2m"),
              waitForConnection: agent?.waitForConnection ?? true,
            },
            keepPackage: agent?.keepPackage,
            timeouts: { installMs: durationMs(agent?.installTimeout ?? "10m") },
          }
        : undefined,
      objection: (action) => {
        const enrols = action === "install" || action === "reconfigure";
        return enrols ? ground.tokenFault : undefined;
      },
      newRunId: () => randomBytes(9).toString("hex"),
      limits: { awayMs: AWAY_MS, attempts },
      clock: systemClock,
      random: Math.random,
    });
  };
  return { world, limits: limitsOf(inputs, options.maxConcurrency), retry };
}

function limitsOf({ rollout, targets }: Inputs, most: number | undefined): Limits {
  const limits =
    rollout === undefined
      ? DEFAULT_LIMITS
      : {
          maxConcurrency: rollout.maxConcurrency,
          maxHandshakes: rollout.maxConnecting,
          maxFailures: rollout.maxFailures,
          maxUnreachable: rollout.maxUnreachable,
          deadlineMs: rollout.deadline === undefined ? undefined : durationMs(rollout.deadline),
        };
  if (most === undefined) return limits;
  const total = Number(targetsOf({ targets }).count);
  return { ...limits, maxConcurrency: Math.min(most, Math.max(1, resolveCount(limits.maxConcurrency, total))) };
}

/** Where no server runs no agent is connected, and that says nothing about the agents. */
const withoutConnections: AgentWork = {
  ...agentWork,
  planFor: (probe, desired) =>
    agentWork.planFor({ ...probe, agents: probe.agents.map((agent) => ({ ...agent, connected: "unknown" })) }, desired),
};

/** Which kinds of agents to look for: the wanted one, or any where it is not known which. */
function flavoursFor(desired: DesiredAgent, { bundle }: Ground): readonly Flavour[] {
  return bundle === undefined ? Object.values(FLAVOURS) : [desired.flavour];
}

function logInFor({ linux }: Inputs): SshLogIn {
  if (linux === undefined) throw new Error("a configuration without a platform was let through"); // the check refuses it
  return logInOf(linux);
}
