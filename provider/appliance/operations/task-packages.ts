import * as z from "zod";
import { kuid } from "./device-words.ts";
import { sha256 } from "./fields.ts";
import { defineOperations } from "./operation.ts";

/** How much of a package goes into one frame to an agent, in bytes: as base64 it fits with room to spare. */
export const PACKAGE_PART_BYTES = 131_072;

/** What an agent asks for. */
export const packageRequest = z.object({
  taskId: z.string().min(1).max(100),
  sha256,
  /** In bytes, from the package's beginning. */
  offset: z.int().min(0),
});

export const taskPackageOperations = defineOperations({
  readTaskPackage: {
    description:
      "A part of what a running task of a device names: of an update the new version, or the one to go back to; of a scripting update a script that waits for the device. Anything else is refused.",
    access: "read",
    role: "admin",
    reach: "appliance",
    input: packageRequest.extend({ kuid }),
    output: z.object({
      /** Of the whole package, in bytes. */
      sizeBytes: z.int(),
      /** At most 128 KiB as base64; empty at the package's end. */
      data: z.string(),
    }),
  },
});
