import type * as z from "zod";
import type { OperationMethods } from "../appliance.ts";
import { ApplianceError } from "../errors.ts";
import type { packageRequest } from "../operations/task-packages.ts";
import type { PackageAnswer } from "./server-messages.ts";

/** An agent's wish for what follows at an offset of a package; one part is sent for each. */
export interface PackageRequest extends z.output<typeof packageRequest> {
  readonly kuid: string;
}

/** Reads a part of a package for an agent, or says why it does not get one. */
export async function packagePart(
  store: Pick<OperationMethods, "readTaskPackage">,
  { kuid, taskId, sha256, offset }: PackageRequest,
): Promise<PackageAnswer> {
  try {
    const part = await store.readTaskPackage({ kuid, taskId, sha256, offset });
    return { type: "package-part", taskId, sha256, offset, ...part };
  } catch (error) {
    if (!(error instanceof ApplianceError)) throw error;
    return { type: "package-refused", taskId, sha256, code: error.code, message: error.message };
  }
}
