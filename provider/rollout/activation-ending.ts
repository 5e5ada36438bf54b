import { type Activation, type AgentFacts, type Probe, serverText } from "../agent/agent.ts";
import type { CarriablePlan } from "./agent-work.ts";
import type { OutcomeCode } from "./codes.ts";
import type { Action, Ending, MachineFacts } from "./outcome.ts";

/** What a probe tells about a machine and the agent of one flavour on it. */
export function factsOf(probe: Probe, flavour: string, where: Pick<MachineFacts, "name" | "address">): MachineFacts {
  const agent = agentIn(probe, flavour);
  return {
    name: where.name ?? probe.hostname,
    address: where.address,
    platform: probe.os.platform,
    version: agent?.version,
    server: agent?.server === undefined ? undefined : serverText(agent.server),
    kuid: agent?.kuid,
    connected: agent === undefined || agent.connected === "unknown" ? undefined : agent.connected === "yes",
  };
}

function agentIn(probe: Probe, flavour: string): AgentFacts | undefined {
  return probe.agents.find((agent) => agent.flavour === flavour && agent.present !== "no");
}

/**
 * What makes two targets one machine: the machine's own id, its host key and its name together. One of them alone says
 * too little, because machines that were copied from one image often share it. `undefined` where there is neither an id
 * nor a host key.
 */
export function identityOf(
  probe: Pick<Probe, "machineId" | "hostname">,
  hostKey: string | undefined,
): string | undefined {
  if (probe.machineId === undefined && hostKey === undefined) return undefined;
  return [probe.machineId ?? "", hostKey ?? "", probe.hostname ?? ""].join(" ");
}

const DONE: Readonly<Record<Action, OutcomeCode>> = {
  install: "installed",
  upgrade: "upgraded",
  downgrade: "downgraded",
  reconfigure: "reconfigured",
  repair: "repaired",
  remove: "removed",
  none: "unchanged",
};

/** The code of a machine at which nothing is to be done, or nothing but writing down whose it is. */
export function rightCode(plan: Pick<CarriablePlan, "adopts">, state: "present" | "removed"): OutcomeCode {
  if (state === "removed") return "not-installed";
  return plan.adopts ? "adopted" : "unchanged";
}

/** The code of a machine at which the plan was carried out and proved. */
export function doneCode(plan: Pick<CarriablePlan, "action" | "adopts">, state: "present" | "removed"): OutcomeCode {
  return plan.action === "none" ? rightCode(plan, state) : DONE[plan.action];
}

/** How an activation ended, in the engine's words. */
export function endingOfActivation(
  activation: Activation,
  plan: CarriablePlan,
  state: "present" | "removed",
  facts: MachineFacts,
  log: string | undefined,
): Ending {
  const common = { ...facts, action: plan.action, message: activation.message, log };
  if (activation.class === "failed") return { ...common, code: activation.code, hint: activation.hint };
  // Another run had done it meanwhile.
  if (activation.class === "unchanged") return { ...common, code: rightCode(plan, state), action: "none" };
  return { ...common, code: doneCode(plan, state) };
}
