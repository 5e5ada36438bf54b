/** What tells the machine of an agent from a copy of it. */
export interface AgentMachine {
  readonly hostname: string;
  readonly machineId: string;
  readonly addresses: readonly string[];
  readonly macs: readonly string[];
}

/**
 * Whether two that are connected at the same time as one device are two machines: a network card that both have, or
 * none that is known, may be one machine that came back before the server knew that it was gone.
 */
export function areTwoMachines(one: AgentMachine, other: AgentMachine): boolean {
  if (one.machineId !== "" && other.machineId !== "" && one.machineId !== other.machineId) return true;
  return one.macs.length > 0 && other.macs.length > 0 && !one.macs.some((mac) => other.macs.includes(mac));
}
