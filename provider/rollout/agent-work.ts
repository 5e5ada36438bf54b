import {
  type Activation,
  type ActivationRequest,
  activate,
  type DesiredAgent,
  type Plan,
  type Probe,
  type ProbeRequest,
  planFor,
  probe,
  resumeActivation,
} from "../agent/agent.ts";
import type { Machine } from "../machines/machine.ts";

/** A plan that can be carried out. */
export type CarriablePlan = Exclude<Plan, { readonly action: "blocked" }>;

/** What the engine asks of the agent room, so that a test can play it. */
export interface AgentWork {
  /** Looks at a machine without writing. @throws MachineError */
  probe(machine: Machine, request: ProbeRequest): Promise<Probe>;
  planFor(probe: Probe, desired: DesiredAgent): Plan;
  activate(machine: Machine, plan: CarriablePlan, request: ActivationRequest): Promise<Activation>;
  /** Finds out, on a new connection, how an activation ended whose connection broke. */
  resumeActivation(machine: Machine, plan: CarriablePlan, request: ActivationRequest): Promise<Activation>;
}

/** The agent room itself. */
export const agentWork: AgentWork = { probe, planFor, activate, resumeActivation };
