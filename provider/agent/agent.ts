/**
 * The door of the agent room: what an agent is on a machine, how to find out, what to do about it, and doing it.
 *
 * ```ts
 * const looked = await probe(machine, { flavours: [desired.flavour], server, configurationId });
 * const plan = planFor(looked, desired);
 * const ended = plan.action === "blocked" || !plan.writes ? undefined : await activate(machine, plan, request);
 * ```
 *   probe(machine, ProbeRequest) -> Promise<Probe>; throws MachineError only
 *   planFor(probe, desired) -> Plan, pure
 *   activate(machine, plan, ActivationRequest) -> Promise<Activation>; never throws a MachineError
 *   resumeActivation(machine, plan, ActivationRequest) -> Promise<Activation>, on a new connection, after
 *     `class: "failed", resumable: true`
 */
export type * from "./activation.ts";
export type * from "./desired.ts";
export type * from "./flavour.ts";
export type * from "./plan.ts";
export type * from "./probe.ts";
export type * from "./versions.ts";
