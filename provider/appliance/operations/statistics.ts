import * as z from "zod";
import { deviceState } from "./device-words.ts";
import { defineOperations } from "./operation.ts";

const counted = { organization: z.string(), count: z.int().min(0) };

export const statisticsOperations = defineOperations({
  getStatistics: {
    description:
      "How many devices and runs there are in each state, by organization; what there is none of is left out.",
    access: "read",
    input: z.object({}),
    output: z.object({
      devices: z.array(z.object({ ...counted, state: deviceState })),
      runs: z.array(z.object({ ...counted, state: z.enum(["running", "finished", "interrupted"]) })),
    }),
  },
});
