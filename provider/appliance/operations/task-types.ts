import * as z from "zod";
import { moment, sha256 } from "./fields.ts";

/** What a task asks of an agent. */
export const taskType = z.enum([
  "alert",
  "inventory",
  "crash-upload",
  "self-update",
  "scripting-update",
  "script",
  "log-upload",
]);

/** What can be ordered; a crash only its agent can tell of. */
export const queuedTaskType = taskType.exclude(["crash-upload"]);

export type TaskType = z.output<typeof taskType>;

/** What an agent says it understands; one that says nothing is of before there were tasks. */
export const agentAbility = z.enum(["tasks", "self-update", "scripting-update"]);

export type AgentAbility = z.output<typeof agentAbility>;

/** How tasks of a type are treated where nobody says otherwise. */
export interface TaskTypeRules {
  /** 1 is the first; tasks of the same rank run in the order in which they were queued. */
  readonly priority: number;
  /** How long the agent may work on one. */
  readonly timeoutSeconds: number;
  /** How long one waits for its machine. */
  readonly keepSeconds: number;
  /** Counts against the task throughput, and runs alone on its machine as far as the server can see. */
  readonly throttled: boolean;
  /** Agents that do not say so are not given one. */
  readonly needs: AgentAbility;
}

const DAY = 86_400;

export const TASK_TYPES: Readonly<Record<TaskType, TaskTypeRules>> = {
  alert: { priority: 10, timeoutSeconds: 60, keepSeconds: DAY, throttled: false, needs: "tasks" },
  inventory: { priority: 20, timeoutSeconds: 120, keepSeconds: DAY, throttled: true, needs: "tasks" },
  "crash-upload": { priority: 30, timeoutSeconds: 120, keepSeconds: 7 * DAY, throttled: true, needs: "tasks" },
  "self-update": { priority: 40, timeoutSeconds: 1_800, keepSeconds: 30 * DAY, throttled: true, needs: "self-update" },
  // What is for later waits in the database: an agent that comes back looks for it by itself.
  "scripting-update": {
    priority: 45,
    timeoutSeconds: 300,
    keepSeconds: DAY,
    throttled: true,
    needs: "scripting-update",
  },
  script: { priority: 50, timeoutSeconds: 3_600, keepSeconds: 7 * DAY, throttled: true, needs: "tasks" },
  "log-upload": { priority: 70, timeoutSeconds: 120, keepSeconds: 7 * DAY, throttled: true, needs: "tasks" },
};

/** Longer no script is, in bytes of UTF-8: it and its quotes fit into one frame to the agent. */
export const MAX_SCRIPT_BYTES = 65_536;

/** How many scripts wait for a time of their own on one device; its agent keeps no more. */
export const MAX_SCRIPTS_FOR_LATER = 50;
/** How far ahead a script may be ordered. */
export const MAX_AHEAD_SECONDS = 366 * DAY;
/** How much later than at its time a script may begin, unless its order says otherwise. */
export const LATE_SECONDS = 3_600;
export const MAX_LATE_SECONDS = 30 * DAY;

const alertText = z
  .string()
  .max(2_000)
  .refine((text) => text.trim() !== "", "expected the text of the alert")
  // What reaches people's terminals moves no cursor.
  .regex(/^\P{Cc}*$/u, "expected text without control characters");

const script = z
  .string()
  .refine((text) => text.trim() !== "", "expected a shell script")
  .refine((text) => Buffer.byteLength(text) <= MAX_SCRIPT_BYTES, `expected at most ${MAX_SCRIPT_BYTES} bytes`)
  .regex(/^[^\p{Cc}]*(?:[\n\r\t][^\p{Cc}]*)*$/u, "expected text without control characters but tabs and ends of lines");

const packageOnWire = z.object({
  version: z.string().min(1).max(100),
  sha256,
  sizeBytes: z.int().min(1),
  format: z.enum(["deb", "rpm", "tar.gz"]),
  fileName: z.string().regex(/^[\w][\w.+~-]{0,199}$/, "expected the name of a file, without a folder"),
});

/** What a task of each type says beside its type. */
export const TASK_PAYLOADS = {
  alert: z.strictObject({ text: alertText }),
  inventory: z.strictObject({}),
  "crash-upload": z.strictObject({}),
  "self-update": packageOnWire.extend({
    /** How long the new agent may take to be welcomed by the server before the old one is restored. */
    confirmSeconds: z.int().min(10).max(3_600),
    /** An older version than the one that runs is refused without it. */
    allowDowngrade: z.boolean().optional(),
    /** The version that runs now, for an agent that does not have its own package any more. */
    rollback: packageOnWire.optional(),
  }),
  "scripting-update": z.strictObject({}),
  script: z
    .strictObject({
      script,
      /** When its agent, which is brought the script before, begins it: with or without the server. */
      at: moment.optional(),
      /** How much later it may begin where the machine was off; then it is missed. */
      lateSeconds: z.int().min(0).max(MAX_LATE_SECONDS).optional(),
    })
    .refine(({ at, lateSeconds }) => at !== undefined || lateSeconds === undefined, {
      path: ["lateSeconds"],
      error: "expected together with the time at which the script begins",
    }),
  "log-upload": z.strictObject({}),
} as const satisfies Readonly<Record<TaskType, z.ZodType>>;
