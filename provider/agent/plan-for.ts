import type { Blocked } from "./blocked.ts";
import type { DesiredAgent } from "./desired.ts";
import { generationOf } from "./generation.ts";
import { type Intent, intentFor, unreadable } from "./intent.ts";
import { obstacleTo, stepsOf, unsupportedSystem } from "./obstacle.ts";
import type { Plan, Planned } from "./plan.ts";
import type { AgentFacts, Probe, Receipt } from "./probe.ts";

/**
 * What to do to a machine, from what was seen and what is wanted. Pure; the rules are those of "How a
 * ProvisioningConfig behaves": a version is a minimum unless pinned, without one an installed agent is never upgraded,
 * a machine belongs to who has the receipt on it.
 * @example planFor(looked, desired).action // "upgrade"
 */
export function planFor(probe: Probe, desired: DesiredAgent): Plan {
  const agent = factsOf(probe, desired);
  const intent = probe.receipt === "unreadable" ? unreadable() : intentFor(probe, desired, agent);
  if (intent.kind === "blocked") return asBlocked(intent);
  const leftovers = probe.staged.some((run) => run.state !== "running");
  const awaits = probe.lock?.configurationId === desired.configurationId ? { awaits: { runId: probe.lock.runId } } : {};
  const idle = intent.kind === "none" && !intent.adopts && !leftovers && probe.lock === undefined;
  // What a run of ours is in the middle of is planned again at its end.
  if (!idle && probe.lock?.configurationId !== desired.configurationId) {
    const obstacle = obstacleTo(probe, desired, intent);
    if (obstacle !== undefined) return asBlocked(obstacle);
  }
  const planned: Planned = {
    reason: intent.reason,
    remarks: remarksOn(probe, desired, intent),
    writes: !idle,
    adopts: intent.kind === "none" && intent.adopts,
    sweeps: leftovers,
    receipt: receiptAfter(probe, desired, intent, agent),
    ...awaits,
  };
  switch (intent.kind) {
    case "package":
      return { action: intent.action, steps: intent.steps, ...planned };
    case "repair":
      return { action: "repair", steps: intent.steps, ...planned };
    default:
      return { action: intent.kind, ...planned };
  }
}

function remarksOn(probe: Probe, desired: DesiredAgent, intent: Intent): string[] {
  const remarks: string[] = [];
  for (const other of probe.agents) {
    if (other.flavour !== desired.flavour.name && other.present !== "no") {
      remarks.push(`there is also an agent of flavour "${other.flavour}", version ${other.version ?? "unknown"}`);
    }
  }
  const old = oldGeneration(probe, desired);
  if (old !== undefined) remarks.push(old);
  const unsupported = intent.kind === "blocked" ? undefined : unsupportedSystem(probe.os, desired, stepsOf(intent));
  if (unsupported !== undefined) remarks.push(`${unsupported}; installed all the same, as \`allowUnsupported\` says`);
  if (intent.kind === "none" && intent.adopts)
    remarks.push("recorded on the machine as this configuration's from now on");
  if (intent.kind === "none" && desired.state === "present" && desired.flavour.hasService) {
    if (probe.server.resolves === "no") remarks.push(`the machine does not resolve ${desired.server.host}`);
    else if (probe.server.reachable === "no") remarks.push("the machine cannot connect to the server right now");
  }
  return remarks;
}

/** An agent of another generation than today's lies elsewhere on the machine, and is told apart. */
function oldGeneration(probe: Probe, desired: DesiredAgent): string | undefined {
  const { version } = factsOf(probe, desired);
  const generations = desired.flavour.generations ?? [];
  if (version === undefined) return undefined;
  const generation = generationOf(generations, version);
  if (generation === undefined || generation === generations.at(-1)) return undefined;
  return `its agent, version ${version}, is of the generation "${generation.name}"`;
}

/** The receipt to be on the machine afterwards; undefined if none is written. */
function receiptAfter(probe: Probe, desired: DesiredAgent, intent: Intent, agent: AgentFacts): Receipt | undefined {
  if (intent.kind === "blocked" || intent.kind === "remove") return undefined;
  if (intent.kind === "none" && !intent.adopts) return undefined;
  const { configurationId, flavour } = desired;
  const installed = stepsOf(intent).at(-1);
  if (installed !== undefined) {
    return {
      configurationId,
      flavour: flavour.name,
      version: installed.version,
      packageSha256: installed.sha256,
      packageFormat: installed.format,
      adopted: false,
    };
  }
  const before = probe.receipt === "unreadable" ? undefined : probe.receipt;
  if (before !== undefined && before.flavour === flavour.name) return { ...before, configurationId };
  return {
    configurationId,
    flavour: flavour.name,
    version: agent.version,
    packageSha256: undefined,
    packageFormat: undefined,
    adopted: true,
  };
}

function factsOf(probe: Probe, desired: DesiredAgent): AgentFacts {
  return (
    probe.agents.find((agent) => agent.flavour === desired.flavour.name) ?? {
      flavour: desired.flavour.name,
      present: "no",
      version: undefined,
      server: undefined,
      service: { state: "absent", enabled: "unknown" },
      connected: "unknown",
      enrolment: "unknown",
      kuid: undefined,
      remark: undefined,
    }
  );
}

function asBlocked({ code, reason, hint }: Blocked): Plan {
  return { action: "blocked", code, reason, hint };
}
