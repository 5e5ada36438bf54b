import * as z from "zod";
import { after, limit, moment, next, organization, runProgress } from "./fields.ts";
import { defineOperations } from "./operation.ts";
import { MAX_LOG_BYTES, outcomeClass } from "./outcome-words.ts";

const outcome = z.object({
  /** What identifies the machine within its configuration: `web01`. */
  machine: z.string().min(1).max(300),
  /** As the target was written: `192.168.1.1-20`. */
  target: z.string().max(300),
  name: z.string().max(255).optional(),
  address: z.string().max(255).optional(),
  /** What was, or would have been, done: `install`, `none`. */
  action: z.string().min(1).max(40),
  class: outcomeClass,
  /** Stable: one of `docs/outcomes.md`. */
  code: z.string().min(1).max(60),
  message: z.string().max(4_000),
  hint: z.string().max(4_000).optional(),
  /** Of the agent. */
  version: z.string().max(100).optional(),
  server: z.string().max(300).optional(),
  platform: z.string().max(100).optional(),
  kuid: z.string().max(100).optional(),
  durationMs: z.int().min(0),
});

const storedOutcome = outcome.extend({
  runId: z.string(),
  configurationId: z.string(),
  recordedAt: moment,
  hasLog: z.boolean(),
  /** The configuration was edited since that run: this is of what it wanted before. A server of before says nothing of it. */
  edited: z.boolean().default(false),
  /** It was run since that edit, and that run did not come to this machine: it is none of its targets any more. */
  dropped: z.boolean().default(false),
});

/** An outcome as it is listed, without its log. */
export type StoredOutcome = z.output<typeof storedOutcome>;

const newOutcome = outcome.extend({
  log: z
    .string()
    .refine((text) => Buffer.byteLength(text) <= MAX_LOG_BYTES, `expected at most ${MAX_LOG_BYTES} bytes`)
    .optional(),
});

/** An outcome as it is recorded, with its log. */
export type NewOutcome = z.output<typeof newOutcome>;

export const outcomeOperations = defineOperations({
  recordOutcomes: {
    description:
      "Records what came of machines in a run that is not finished. The same machine again replaces what was recorded of it in this run.",
    access: "write",
    input: z.object({
      runId: z.string().min(1).max(100),
      outcomes: z.array(newOutcome).max(10_000),
      /** Beside these: what is recorded is not worked on any more. */
      progress: runProgress.optional(),
    }),
    output: z.object({ recorded: z.int() }),
  },
  listOutcomes: {
    description:
      "Outcomes by machine: of one run, or the latest of every machine of one configuration or of all of an organization.",
    access: "read",
    input: z.object({
      organization,
      configurationId: z.string().max(100).optional(),
      runId: z.string().max(100).optional(),
      machine: z.string().max(300).optional(),
      classes: z.array(outcomeClass).optional(),
      codes: z.array(z.string().max(60)).max(200).optional(),
      limit,
      after,
    }),
    output: z.object({ outcomes: z.array(storedOutcome), next }),
  },
  outcomeLog: {
    description: "The step log of a machine: of one run, or the latest there is; null where there is none.",
    access: "read",
    input: z.object({
      configurationId: z.string().min(1).max(100),
      machine: z.string().min(1).max(300),
      runId: z.string().max(100).optional(),
    }),
    output: z.object({ runId: z.string(), recordedAt: moment, log: z.string() }).nullable(),
  },
});

export { storedOutcome };
