import * as z from "zod";
import { OUTCOME_CLASSES } from "../../appliance/operations/outcome-classes.ts";

const count = (description: string) => z.int().min(0).meta({ description });

const summary = z
  .object({
    total: count("How many targets there are, dead addresses of ranges included."),
    succeeded: count("Machines that were changed and proved right."),
    unchanged: count("Machines that were right already."),
    removed: count("Machines whose agent was removed, with evidence."),
    absent: count("Addresses of ranges where nothing answers."),
    unreachable: count("Named machines that could not be reached."),
    failed: count("Machines where something went wrong, or that must not be touched."),
    notAttempted: count("Machines that were not begun."),
    percentSucceeded: z
      .number()
      .meta({ description: "The share of right machines (succeeded, unchanged, removed) in all that are there." }),
  })
  .meta({ typeName: "ProvisioningSummary", description: "How the rollout stands, in numbers." });

const result = z
  .object({
    address: z.string().optional().meta({ description: "The address, where the machine was given by name." }),
    platform: z.string().optional().meta({ description: "`linux`, for one." }),
    action: z.string().meta({ description: "What was done, or is to be done: `install`, `none`, `repair` and so on." }),
    class: z
      .enum(OUTCOME_CLASSES)
      .meta({ description: "Which count of the summary it belongs to.", typeName: "OutcomeClass" }),
    code: z.string().meta({ description: "What happened, as a stable word; see the list of outcomes." }),
    version: z.string().optional().meta({ description: "The version of the agent that is there." }),
    server: z.string().optional().meta({ description: "The server the agent belongs to." }),
    identity: z.string().optional().meta({ description: "The agent's own identity (KUID)." }),
  })
  .meta({ typeName: "ProvisioningResult", description: "How one machine stands." });

/** What a `ProvisioningConfig` gives back. */
export const outputs = z.object({
  summary: summary.meta({ description: "How the rollout stands, in numbers." }),
  results: z.record(z.string(), result).meta({
    description:
      "Every machine by its name or address, dead addresses of ranges apart. Above 2,000 machines only those that are not right, at most 2,000; `getProvisioningResults` gives all.",
  }),
});

/** The outputs of a `ProvisioningConfig`. */
export type Outputs = z.output<typeof outputs>;
