import * as z from "zod";
import { claim, moment, organization } from "./fields.ts";
import { defineOperations } from "./operation.ts";
import {
  isAmbiguous,
  MAX_INTERVAL_SECONDS,
  MAX_SPLASH_CHARACTERS,
  MAX_TASK_THROUGHPUT,
  MIN_INTERVAL_SECONDS,
} from "./settings-limits.ts";

/** How long the load must show what the last change of the throughput did before it may rise. */
export const THROUGHPUT_REST_MS = 15 * 60_000;

/** `22:00`. */
export const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day from "00:00" to "23:59"');

const communicationsWindow = z
  .object({ from: timeOfDay, to: timeOfDay })
  .refine((window) => !isAmbiguous(window), 'a whole day is said as from "00:00" to "00:00"');

const INTERVAL_RANGE = `expected from ${MIN_INTERVAL_SECONDS} (1m) to ${MAX_INTERVAL_SECONDS} (30d) seconds`;

const interval = z
  .int("expected a whole number of seconds")
  .min(MIN_INTERVAL_SECONDS, INTERVAL_RANGE)
  .max(MAX_INTERVAL_SECONDS, INTERVAL_RANGE);

/** Text for people that moves no cursor; empty: none is shown. */
const splashText = z
  .string()
  .max(MAX_SPLASH_CHARACTERS)
  .regex(/^\P{Cc}*$/u, "expected text without control characters");

const logRetention = z.enum(["saveAll", "off"]);

export const agentSettings = z.object({
  communicationsWindow,
  /** How often agents check in. */
  runIntervalSeconds: interval,
  /** How often they bring their inventory, at a check-in; 0 at every one. */
  inventoryIntervalSeconds: z.union([z.literal(0), interval]),
  /** What users read when an agent begins work that concerns them. */
  splashText,
  /** How often agents look for the latest scripts. */
  scriptingUpdateIntervalSeconds: interval,
  /** Whether the results of scripts are kept. */
  logRetention,
});

/** What agents live by. */
export type AgentSettings = z.output<typeof agentSettings>;

/** The vendor's own, but for the product's name: always, once an hour with the inventory, scripts every 8 hours, all logs kept. */
export const DEFAULT_AGENT_SETTINGS: AgentSettings = {
  communicationsWindow: { from: "00:00", to: "00:00" },
  runIntervalSeconds: 3_600,
  inventoryIntervalSeconds: 0,
  splashText: "pulumi-kace is verifying your PC configuration and managing software updates. Please wait...",
  scriptingUpdateIntervalSeconds: 8 * 3_600,
  logRetention: "saveAll",
};

/** How much an appliance does at once unless it is told otherwise. */
export const DEFAULT_TASK_THROUGHPUT = 50;
const taskThroughput = z.int().min(1).max(MAX_TASK_THROUGHPUT);
const maxCheckInsPerHour = z.int().min(1).max(10_000_000);

const settings = z.object({
  organization: z.string(),
  /** False until somebody sets something, and after a reset. */
  exists: z.boolean(),
  /** The resource that they belong to. */
  urn: z.string().optional(),
  /** Rises with every change. */
  revision: z.int(),
  /** What was set; the rest is as the defaults are. */
  given: agentSettings.partial(),
  /** What holds. */
  effective: agentSettings,
  /** What is the appliance's, and the same in all organizations. */
  appliance: z.object({
    /** How many scheduled tasks it works on at once. */
    taskThroughput,
    taskThroughputGiven: z.boolean(),
    /** When it was changed last. */
    taskThroughputUpdatedAt: moment.optional(),
    /** Of the appliance's host, over the last minute, now. */
    loadAverage: z.number(),
    maxCheckInsPerHour,
    maxCheckInsPerHourGiven: z.boolean(),
  }),
});

/** The settings of an organization, and those of the appliance. */
export type Settings = z.output<typeof settings>;

const told = z.object({ organization: z.string(), revision: z.int(), settings: agentSettings });

/** The settings of one organization as its agents are told them. */
export type ToldSettings = z.output<typeof told>;

/** Left out: stays; null: the default. */
const changes = z.object({
  communicationsWindow: communicationsWindow.nullable().optional(),
  runIntervalSeconds: interval.nullable().optional(),
  inventoryIntervalSeconds: agentSettings.shape.inventoryIntervalSeconds.nullable().optional(),
  splashText: splashText.nullable().optional(),
  scriptingUpdateIntervalSeconds: interval.nullable().optional(),
  logRetention: logRetention.nullable().optional(),
  taskThroughput: taskThroughput.nullable().optional(),
  maxCheckInsPerHour: maxCheckInsPerHour.nullable().optional(),
});

/** A change of settings. */
export type SettingsChanges = z.output<typeof changes>;

export const settingsOperations = defineOperations({
  getSettings: {
    description: "What the agents of an organization live by, and the load of the appliance.",
    access: "read",
    input: z.object({ organization }),
    output: settings,
  },
  updateSettings: {
    description:
      "Changes the given settings of an organization, all or none; null gives the default back. With a URN they belong to that resource from then on; where they belong to another one it is a conflict that names it, unless that is what the resource was called before (`formerUrn`). The task throughput and the limit of check-ins are the appliance's: they are changed through the default organization only. The throughput rises only while the load average of the appliance's host is at most 10.0, and more than 15 minutes after its last change (not-now); it may be lowered at any time. Whoever is kept to one organization may change neither (permission-denied).",
    access: "write",
    input: changes.extend({ organization, ...claim.shape }),
    output: settings,
  },
  resetSettings: {
    description:
      "Gives an organization the defaults back, and its settings to nobody. With a URN only where they belong to that resource, or to what it was called before (`formerUrn`). The task throughput goes back to its default too where that is asked for and may be now.",
    access: "write",
    input: z.object({ organization, ...claim.shape, taskThroughput: z.boolean().default(true) }),
    output: z.object({
      reset: z.boolean(),
      /** True where the throughput may not rise to its default yet. */
      taskThroughputKept: z.boolean(),
    }),
  },
  listSettingsChanges: {
    description:
      "The settings of the organizations that changed theirs after a revision, whatever process did; without one, of all that ever did. Others have the defaults, with revision 0.",
    access: "read",
    role: "admin",
    reach: "appliance",
    input: z.object({ revision: z.int().min(0).optional() }),
    output: z.object({
      /** That of the last change in any organization. */
      revision: z.int(),
      /** False where the revision asked about was never reached, as after a restored backup: then these are all. */
      complete: z.boolean(),
      organizations: z.array(told),
      taskThroughput,
    }),
  },
  checkInLoad: {
    description:
      "How often the appliance is asked: the approved devices of an organization, the same of the others without their names, and the limit. Whoever is kept to one organization is told nothing of others.",
    access: "read",
    input: z.object({ organization }),
    output: z.object({
      maxCheckInsPerHour,
      devices: z.int(),
      runIntervalSeconds: interval,
      others: z.array(z.object({ devices: z.int(), runIntervalSeconds: interval })),
    }),
  },
});
