import * as z from "zod";
import { kuid } from "./device-words.ts";
import { after, done, limit, moment, next, organization } from "./fields.ts";
import { defineOperations } from "./operation.ts";
import { queuedTaskType, TASK_PAYLOADS, taskType } from "./task-types.ts";
import { taskState, taskView } from "./task-words.ts";

const id = z.string().regex(/^[\w-]{1,100}$/, "expected the id of a task");
const sourceId = z.string().min(1).max(200);

/** From then on a task that waits for a connection waits for long. */
export const LONG_WAIT_SECONDS = 600;

/** How long beyond its time-out the server waits for an agent to say what became of a task. */
export const GIVE_UP_SLACK_SECONDS = 120;

/** How many crashes of one device are known; older ones make room. */
export const MAX_ANNOUNCED = 20;

/** How long a task is known after its end, and its output with it. */
export const KEEP_ENDED_SECONDS = 30 * 86_400;

/** How much of an output is kept, in characters. */
export const MAX_OUTPUT_CHARACTERS = 65_536;

export const priority = z.int().min(1).max(100);
export const timeoutSeconds = z.int().min(1).max(86_400);

const task = z.object({
  id,
  organization: z.string(),
  kuid,
  /** The host name of the device. */
  machine: z.string(),
  type: taskType,
  /** What it comes from: the same for all tasks of one order. */
  sourceId: z.string(),
  state: taskState,
  connected: z.boolean(),
  priority,
  timeoutSeconds,
  createdAt: moment,
  /** Of a script that its agent begins by itself: when. */
  runAt: moment.optional(),
  /** Since when its agent is known to keep it until then. */
  heldSince: moment.optional(),
  /** When it begins at the earliest; only while it is ready. */
  nextRunAt: moment.optional(),
  startedAt: moment.optional(),
  completedAt: moment.optional(),
  /** How long it ran, or has been running. */
  runSeconds: z.number().optional(),
  /** Only while it is ready: then it is given up. */
  expiresAt: moment.optional(),
  /** Somebody called it back, and its agent has not said yet that it ended. */
  cancelRequested: z.boolean(),
  exitCode: z.int().optional(),
  /** Why it failed, or what else there is to say of it. */
  note: z.string().optional(),
});

/** A task of an agent. */
export type Task = z.output<typeof task>;

const due = z.object({
  id,
  kuid,
  type: taskType,
  priority,
  timeoutSeconds,
  payload: z.record(z.string(), z.unknown()),
});

/** A task that is to be sent now. */
export type DueTask = z.output<typeof due>;

/** What an agent says became of a task. */
export const taskReport = z.object({
  id,
  status: z.enum(["started", "completed", "failed", "timed-out"]),
  note: z.string().max(1_000).optional(),
  /** Of one that failed: it touched nothing, because others were at work on the machine, and may be given again. */
  notBegun: z.boolean().optional(),
  exitCode: z.int().min(-1).max(255).optional(),
  output: z.string().max(MAX_OUTPUT_CHARACTERS).optional(),
  outputTruncated: z.boolean().optional(),
  /** The type of a task that the agent itself began: its id names the device. */
  announced: z.literal("crash-upload").optional(),
  /** When it ended, by the machine's clock: of what the agent began by itself, which may have been long ago. */
  endedAt: moment.optional(),
  /** How long it ran, by the clock of the machine that nobody sets. */
  runMs: z.int().min(0).optional(),
});

export type TaskReport = z.output<typeof taskReport>;

export const taskOperations = defineOperations({
  queueTasks: {
    description:
      "Queues a task for each of the given devices. It waits for its time, for its device to be connected, and for its turn by priority (1 is the first) and age, until it expires. Priority, time-out and expiry are those of its type unless given. A script whose payload says `at` is brought to its agent before then by scripting updates, and begun by it at that time, whether the server is there or not.",
    access: "write",
    input: z
      .object({
        organization,
        kuids: z.array(kuid).min(1).max(100_000),
        type: queuedTaskType,
        /** As the type wants it: the text of an alert, the script, the package. */
        payload: z.record(z.string(), z.unknown()).default({}),
        priority: priority.optional(),
        timeoutSeconds: timeoutSeconds.optional(),
        sourceId: sourceId.optional(),
        notBefore: moment.optional(),
        /** Counted from `notBefore`, where it is given. */
        expiresInSeconds: z
          .int()
          .min(1)
          .max(90 * 86_400)
          .optional(),
      })
      .superRefine(({ type, payload }, context) => {
        const { error } = TASK_PAYLOADS[type].safeParse(payload);
        for (const { path, message } of error?.issues ?? [])
          context.addIssue({ code: "custom", path: ["payload", ...path], message });
      }),
    output: z.object({ sourceId: z.string(), tasks: z.array(z.object({ id, kuid })) }),
  },
  listTasks: {
    description:
      "Tasks of agents, newest first. Views: in-progress, those that run; ready-connected, those of connected devices that are about to run; ready, those that wait for a connection; longer-than-10-minutes, those that have waited longer than that for one. What has ended is known for 30 days.",
    access: "read",
    input: z.object({
      organization,
      view: taskView.optional(),
      kuids: z.array(kuid).max(100_000).optional(),
      types: z.array(taskType).optional(),
      sourceId: sourceId.optional(),
      states: z.array(taskState).optional(),
      limit,
      after,
    }),
    output: z.object({ tasks: z.array(task), next }),
  },
  getTask: {
    description:
      "A task with what it said. There is no output where there was none yet, where log retention is off, or where the task says none.",
    access: "read",
    // What a script says may be anything.
    role: "operator",
    input: z.object({ organization, id }),
    output: task.extend({ output: z.string().optional(), outputTruncated: z.boolean() }),
  },
  cancelTasks: {
    description:
      "Calls tasks back, by id, by source or both. One that no agent has heard of is cancelled at once; one that runs is cancelled once its agent has ended it, or if it is given up. What has ended stays as it is.",
    access: "write",
    input: z
      .object({ organization, ids: z.array(id).min(1).max(10_000).optional(), sourceId: sourceId.optional() })
      .refine(({ ids, sourceId }) => ids !== undefined || sourceId !== undefined, {
        path: ["ids"],
        error: "expected the ids of tasks, or what they come from",
      }),
    output: z.object({ cancelled: z.int(), asked: z.int() }),
  },
  listDueTasks: {
    description:
      "What is to be sent now to the devices that are connected to a server: tasks within the task throughput, by priority and age, one a device but for those that do not count, and what their agents must be told was called back.",
    access: "read",
    role: "admin",
    reach: "appliance",
    input: z.object({ instanceId: z.string().min(1).max(100), limit }),
    output: z.object({
      tasks: z.array(due),
      cancels: z.array(z.object({ id, kuid })),
      /** True where some have had their time, so that `giveUpTasks` has something to do. */
      overdue: z.boolean(),
    }),
  },
  recordTasks: {
    description:
      "Keeps what became of tasks: that they were sent, or what their agents say. What has ended does not begin again; a task that is gone, or another device's, is let be. An agent that comes back with the end of a task that was given up is believed, and one that announces a task of its own has it made.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({
      tasks: z
        .array(z.union([z.object({ id, kuid, status: z.literal("sent") }), taskReport.extend({ kuid })]))
        .min(1)
        .max(1_000),
    }),
    output: done,
  },
  giveUpTasks: {
    description:
      "Ends tasks whose machine did not come in time (expired) and those whose agent did not say in time what became of them (timed-out), and forgets those that ended long ago.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({}),
    output: z.object({ ended: z.int() }),
  },
});
