import * as z from "zod";
import { kuid } from "./device-words.ts";
import { sha256 } from "./fields.ts";
import { defineOperations } from "./operation.ts";

/** What an agent says of the scripts that it keeps until their time. */
export const heldScripts = z.object({
  /** The SHA-256 of the ids of their tasks, sorted, with ends of lines between them. */
  held: sha256,
  /** Whether it wants those that it does not have. */
  look: z.boolean(),
});

export const scriptOperations = defineOperations({
  recordScripts: {
    description:
      "Keeps what an agent says of the scripts that it keeps for later. Where it looks for others, and there are, a scripting update is queued for it.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: heldScripts.extend({ kuid }),
    output: z.object({
      /** Whether it keeps all that wait for it, and no others. */
      current: z.boolean(),
    }),
  },
});
