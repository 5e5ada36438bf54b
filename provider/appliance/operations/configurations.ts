import * as z from "zod";
import { after, deleted, inFlight, limit, moment, name, next, organization, urn } from "./fields.ts";
import { defineOperations } from "./operation.ts";
import { runSummary } from "./runs.ts";
import { runFault, scheduleWords } from "./schedule-words.ts";

const id = z.string().min(1).max(100);

const description = z.object({
  /** As a list shows it: `192.168.2-5.1-200, web[01-20].corp.example`. */
  targets: z.string().max(100_000),
  enabled: z.boolean().default(true),
  /** Whether the agent shall be there. */
  state: z.enum(["present", "removed"]).default("present"),
  flavour: z.string().max(40).optional(),
  /** Of the agent; absent where any will do. */
  version: z.string().max(100).optional(),
  /** The id of the bundle that it names; it can be neither unloaded nor deleted meanwhile. */
  bundle: id.optional(),
  /** `host:port` that agents connect to. */
  server: z.string().max(300).optional(),
  /** When it runs by itself. */
  schedule: scheduleWords.optional(),
  /** What the program said, as JSON and without credentials: an import gives it back. */
  inputs: z.string().max(1_000_000).optional(),
});

/** What lists show of a configuration. */
export type ConfigurationDescription = z.output<typeof description>;

export const configuration = z.object({
  id,
  organization: z.string(),
  name: z.string(),
  urn: z.string().optional(),
  description,
  createdAt: moment,
  updatedAt: moment,
});

/** A provisioning configuration as the appliance knows it: not what drives a run, but what shows it. */
export type Configuration = z.output<typeof configuration>;

const listedConfiguration = configuration.extend({
  /** Of the last run that was to change machines, also while it goes on; absent before the first. */
  lastRun: runSummary
    .extend({
      runId: z.string(),
      startedAt: moment,
      finishedAt: moment.optional(),
      running: z.boolean(),
      /** Machines that are worked on just now, as the run last said; none of the counts has them. */
      inFlight,
      /** Neither running nor finished: the next run goes on with it. */
      interrupted: z.boolean(),
    })
    .optional(),
  /** True from an edit until the next run: what `lastRun` says is of the configuration before. */
  changedSinceRun: z.boolean(),
  /** Only of an enabled one with a schedule. */
  nextRun: moment.optional(),
  /** Of the appliance, for a schedule that names no time zone; only where there is a schedule. */
  timezone: z.string().optional(),
  /** When somebody asked the server for a run that has not ended yet. */
  requestedAt: moment.optional(),
  /** Of the last run by the appliance itself, where it ended before its first machine. */
  fault: runFault.optional(),
});

/** A configuration with the counts of its last run. */
export type ListedConfiguration = z.output<typeof listedConfiguration>;

export const configurationOperations = defineOperations({
  saveConfiguration: {
    description:
      "Makes a configuration, or changes the one of the same id or URN; the id in the answer is the one that counts. A name that another configuration of the organization has is a conflict. One with a schedule needs `runInputs`, which are kept encrypted until the schedule is taken away.",
    access: "write",
    input: z.object({
      organization,
      id,
      urn: urn.optional(),
      name,
      description,
      /** The value of the token that its runs bring: that token cannot be deleted meanwhile. Never given back, nor kept in plain text. */
      token: z.string().min(1).max(1_000).optional(),
      /** What a run needs, with what it logs in with, as JSON: kept encrypted while there is a schedule, and never given back. */
      runInputs: z.string().max(2_000_000).optional(),
    }),
    output: configuration,
  },
  getConfiguration: {
    description: "A configuration with the counts of its last run.",
    access: "read",
    input: z.object({ id }),
    output: listedConfiguration,
  },
  findConfiguration: {
    description: "The configuration of a name or a URN; null where there is none.",
    access: "read",
    input: z.object({ organization, name: name.optional(), urn: urn.optional() }),
    output: listedConfiguration.nullable(),
  },
  listConfigurations: {
    description: "All configurations of an organization by name, with the counts of their last runs.",
    access: "read",
    input: z.object({ organization, limit, after }),
    output: z.object({ configurations: z.array(listedConfiguration), next }),
  },
  deleteConfiguration: {
    description: "Deletes a configuration with its runs and their outcomes. Devices and pinned host keys stay.",
    access: "write",
    input: z.object({ id }),
    output: deleted,
  },
});
