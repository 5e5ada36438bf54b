import type { Appliance, OperationMethods } from "./appliance.ts";
import { ApplianceError } from "./errors.ts";
import { operationNames, operations } from "./operations/table.ts";

/** The refusal of an appliance that was opened to read only. */
export function refuseWriting(): ApplianceError {
  return new ApplianceError({
    code: "read-only",
    message: "this appliance was opened to read only",
    hint: "a preview changes nothing: run `pulumi up`",
  });
}

/**
 * The same appliance, which refuses every operation that writes; for previews.
 *
 * @example readingOnly(appliance).createToken({ name: "berlin" }) // throws `read-only`
 */
export function readingOnly(appliance: Appliance): Appliance {
  const refuse = async () => {
    throw refuseWriting();
  };
  const writes = operationNames.filter((name) => operations[name].access === "write").map((name) => [name, refuse]);
  const refused = Object.fromEntries(writes) as Partial<OperationMethods>; // Object.fromEntries forgets which keys
  return { ...appliance, ...refused, putPackage: refuse };
}
