import * as z from "zod";
import { configuration } from "./configurations.ts";
import { after, limit, moment, name, next, organization } from "./fields.ts";
import { defineOperations } from "./operation.ts";
import { scheduleWords } from "./schedule-words.ts";

const configurationId = z.string().min(1).max(100);

const scheduled = z.object({
  configurationId,
  name: z.string(),
  enabled: z.boolean(),
  schedule: scheduleWords,
  /** Runs that were due up to this moment have been dealt with. */
  servedUntil: moment,
  /** When somebody asked for a run, and none has begun since. */
  requestedAt: moment.optional(),
});

/** A configuration that runs by itself, as the one who runs it sees it. */
export type ScheduledConfiguration = z.output<typeof scheduled>;

export const scheduleOperations = defineOperations({
  listSchedules: {
    description:
      "The configurations of an organization that have a schedule, by id; what they log in with is not given.",
    access: "read",
    input: z.object({ organization, limit, after }),
    output: z.object({ schedules: z.array(scheduled), next }),
  },
  requestRun: {
    description:
      "Asks `kace serve` to run a configuration now. A conflict where that is not possible: it is not enabled, or has no schedule, so that what it logs in with is not kept.",
    access: "write",
    input: z.object({ configurationId }),
    output: z.object({ requestedAt: moment }),
  },
  settleSchedule: {
    description:
      "Says that the runs of a configuration that were due, or asked for, up to a moment have been dealt with; with a fault where the last one ended before its first machine.",
    access: "write",
    role: "admin",
    input: z.object({ configurationId, until: moment, fault: z.string().max(4_000).optional() }),
    output: z.object({ settled: z.boolean() }),
  },
  duplicateConfiguration: {
    description:
      "Makes a copy of a configuration under another name, with its schedule and what it logs in with. The copy is not enabled, since two that work on the same machines would be in each other's way.",
    access: "write",
    input: z.object({ id: configurationId, name }),
    output: configuration,
  },
});
