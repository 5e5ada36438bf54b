import * as z from "zod";
import { after, done, limit, moment, name, next, organization, processIdentity, runProgress } from "./fields.ts";
import { defineOperations } from "./operation.ts";
import { storedOutcome } from "./outcomes.ts";

const runId = z.string().min(1).max(100);
const configurationId = z.string().min(1).max(100);
const count = z.int().min(0);

/** `scheduled`: by the appliance itself, because it was due or somebody asked for it. */
export const runKind = z.enum(["up", "destroy", "refresh", "scheduled"]);

export type RunKind = z.output<typeof runKind>;

export const runSummary = z.object({
  total: count,
  succeeded: count,
  unchanged: count,
  removed: count,
  absent: count,
  unreachable: count,
  failed: count,
  notAttempted: count,
  /** Of the targets that are not absent; 100 where there are none. */
  percentSucceeded: z.number().min(0).max(100),
});

/** How many machines ended in each class. */
export type RunSummary = z.output<typeof runSummary>;

const run = z.object({
  runId,
  configurationId,
  configurationName: z.string(),
  kind: runKind,
  /** `interrupted`: it ended, or lost its lease, without saying so. */
  state: z.enum(["running", "finished", "interrupted"]),
  holder: z.string(),
  startedAt: moment,
  finishedAt: moment.optional(),
  leaseUntil: moment.optional(),
  total: count.optional(),
  summary: runSummary.optional(),
});

/** One run of a configuration. */
export type Run = z.output<typeof run>;

const leaseSeconds = z.int().min(1).max(3_600).default(60);

export const runOperations = defineOperations({
  startRun: {
    description:
      "Starts a run of a configuration and takes its lease. A conflict (busy) while another run holds it; a lease that has run out, or whose process is known to have ended, is taken over.",
    access: "write",
    input: z.object({
      configurationId,
      kind: runKind,
      total: count.optional(),
      leaseSeconds,
      /** Who runs it, for people: `deploy@ci-7, pulumi`. */
      holder: name,
      /** Lets others on the same host see at once that the holder was killed. */
      process: processIdentity.optional(),
    }),
    output: z.object({ runId, leaseUntil: moment }),
  },
  renewLease: {
    description:
      "Keeps the lease of a run, and says how far it is; a conflict once somebody else has taken it over, or the run is finished.",
    access: "write",
    input: z.object({ runId, leaseSeconds, progress: runProgress.optional() }),
    output: z.object({ leaseUntil: moment }),
  },
  finishRun: {
    description: "Ends a run and gives its lease back. The same again changes nothing.",
    access: "write",
    input: z.object({ runId, summary: runSummary }),
    output: done,
  },
  unfinished: {
    description:
      "What is known of runs that broke off: the latest of them (never one that is going on), and the latest outcome of every machine recorded since the last run that did finish. `run` is null where there is nothing to go on with.",
    access: "read",
    input: z.object({ configurationId, limit: z.int().min(1).max(100_000).default(100_000), after }),
    output: z.object({ run: run.nullable(), outcomes: z.array(storedOutcome), next }),
  },
  listRuns: {
    description: "Runs, latest first: of one configuration, or of all of an organization.",
    access: "read",
    input: z.object({ organization, configurationId: configurationId.optional(), limit, after }),
    output: z.object({ runs: z.array(run), next }),
  },
});
