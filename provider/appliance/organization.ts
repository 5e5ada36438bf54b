import type { Appliance, OperationMethods } from "./appliance.ts";
import { type OperationName, operationNames, operations } from "./operations/table.ts";

type Method = (input: Record<string, unknown>) => Promise<unknown>;

/**
 * The same appliance, where operations that leave the organization out mean this one.
 *
 * @example inOrganization(appliance, "berlin").listTokens({}) // those of "berlin"
 */
export function inOrganization(appliance: Appliance, organization: string): Appliance {
  const methods = operationNames.filter(hasOrganization).map((name) => {
    const method = appliance[name] as Method; // every input is an object
    return [
      name,
      (input: Record<string, unknown>) => method({ ...input, organization: input.organization ?? organization }),
    ];
  });
  return { ...appliance, ...(Object.fromEntries(methods) as Partial<OperationMethods>) }; // Object.fromEntries forgets
}

function hasOrganization(name: OperationName): boolean {
  return "organization" in operations[name].input.shape;
}
