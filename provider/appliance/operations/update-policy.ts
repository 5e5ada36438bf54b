import * as z from "zod";
import { machineFilter } from "../filter/filter.ts";
import { WEEKDAYS } from "../schedules/schedule.ts";
import { kuid } from "./device-words.ts";
import { after, claim, limit, moment, name, next, organization } from "./fields.ts";
import { listedMachine, MAX_LISTED_MACHINES } from "./listed-machine.ts";
import { defineOperations } from "./operation.ts";
import { timeOfDay } from "./settings.ts";
import { calendarDay, exactVersion, MAX_BLACKOUT_DATES, timezone } from "./update-policy-words.ts";

/** `latest`: the newest that is loaded; `n-1`: the one before it. */
export const wantedVersion = z.union([z.literal("latest"), z.literal("n-1"), exactVersion]);

const window = z.object({
  from: timeOfDay,
  /** On the next day where it is not after `from`. */
  to: timeOfDay,
  /** The days that it begins on; every day where left out. */
  days: z.array(z.enum(WEEKDAYS)).min(1).max(7).optional(),
});

const dates = z.object({
  from: calendarDay,
  /** The last day, in the same form; the first one where left out. */
  to: calendarDay.optional(),
  name: name.optional(),
});

const step = z.object({
  percent: z.int().min(1).max(100),
  /** Counted from when the present rollout began. */
  afterSeconds: z
    .int("expected a whole number of seconds")
    .min(0)
    .max(365 * 86_400, "expected 31536000 seconds (365d) at most"),
});

/** How many machines, or which share of those that a policy is for, such as `10%`. */
const countOrShare = z.union([
  z.int().min(0).max(10_000_000),
  z.string().regex(/^(?:100(?:\.0+)?|\d{1,2}(?:\.\d+)?)%$/, 'expected a whole number or a share such as "10%"'),
]);

const notes = z.string().min(1).max(10_000);
const policy = z.object({
  /** Whether anything is updated. */
  enabled: z.boolean(),
  /** Also machines whose agents are connected but bring no inventory, whatever labels and machines are named. */
  updateBrokenAgents: z.boolean(),
  allMachines: z.boolean(),
  /** By name; the policy is for their machines, those that are named, and those that the filter means. */
  labels: z.array(name).max(1_000),
  machines: z.array(listedMachine).max(MAX_LISTED_MACHINES),
  filter: machineFilter.optional(),
  version: wantedVersion,
  deniedVersions: z.array(exactVersion).max(100),
  notes: notes.optional(),
  /** IANA name of the time zone of the windows; that of the appliance where left out. */
  timezone: timezone.optional(),
  /** When updates may begin; always where there are none. */
  windows: z.array(window).max(100),
  blackoutWindows: z.array(window).max(100),
  /** Days of the calendar on which none may begin, in the same time zone. */
  blackoutDates: z.array(dates).max(MAX_BLACKOUT_DATES),
  /** Which share of the machines, from when on; all at once where there are no steps. */
  rollout: z.array(step).max(100),
  /** Nothing new is begun. */
  hold: z.boolean(),
  /** More failures than these put the policy on hold. */
  maxFailures: countOrShare,
});

/** Which agents are updated to which version, and when. */
export type UpdatePolicy = z.output<typeof policy>;

/** Nobody is updated unless somebody says so. */
export const DEFAULT_UPDATE_POLICY: UpdatePolicy = {
  enabled: false,
  updateBrokenAgents: false,
  allMachines: false,
  labels: [],
  machines: [],
  version: "latest",
  deniedVersions: [],
  windows: [],
  blackoutWindows: [],
  blackoutDates: [],
  rollout: [],
  hold: false,
  maxFailures: "10%",
};

const { shape } = policy;

/** What was set of a policy. */
export const givenPolicy = policy.partial();

const changes = z.object({
  enabled: shape.enabled.nullable().optional(),
  updateBrokenAgents: shape.updateBrokenAgents.nullable().optional(),
  allMachines: shape.allMachines.nullable().optional(),
  labels: shape.labels.nullable().optional(),
  machines: shape.machines.nullable().optional(),
  filter: machineFilter.nullable().optional(),
  version: shape.version.nullable().optional(),
  deniedVersions: shape.deniedVersions.nullable().optional(),
  notes: notes.nullable().optional(),
  timezone: timezone.nullable().optional(),
  windows: shape.windows.nullable().optional(),
  blackoutWindows: shape.blackoutWindows.nullable().optional(),
  blackoutDates: shape.blackoutDates.nullable().optional(),
  rollout: shape.rollout.nullable().optional(),
  hold: shape.hold.nullable().optional(),
  maxFailures: shape.maxFailures.nullable().optional(),
});

/** A change of a policy. Left out: stays; null: the default. */
export type UpdatePolicyChanges = z.output<typeof changes>;

const state = z.object({
  organization: z.string(),
  /** False until somebody sets something, and after a reset. */
  exists: z.boolean(),
  /** The resource that it belongs to. */
  urn: z.string().optional(),
  /** Rises with every change. */
  revision: z.int(),
  /** What was set; the rest is as the defaults are. */
  given: givenPolicy,
  /** What holds. */
  effective: policy,
  /** Rises when a rollout begins anew: with another version, other machines, other packages, other steps. */
  generation: z.int(),
  /** When the present rollout began. */
  beganAt: moment.optional(),
  /** Present where failures put it on hold. */
  held: z.object({ at: moment, reason: z.string() }).optional(),
  /** How many updates failed in the present rollout, since it was resumed last. */
  failures: z.int(),
  /** When the newest of the loaded bundles came here. */
  distributionTimestamp: moment.optional(),
});

/** The update policy of an organization. */
export type UpdatePolicyState = z.output<typeof state>;

const finding = z.object({
  path: z.array(z.union([z.string(), z.int()])),
  message: z.string(),
  severity: z.enum(["failure", "warning"]),
});

/** What is wrong with a policy, or worth to be known before it is saved. */
export type PolicyFinding = z.output<typeof finding>;

const plannedMachine = z.object({
  kuid,
  hostname: z.string(),
  agentVersion: z.string(),
  connected: z.boolean(),
  /** Connected, but without inventory for three intervals. */
  broken: z.boolean(),
  verdict: z.enum(["update", "updating", "waiting", "right", "refused"]),
  /** Why it waits, or is refused. */
  code: z.string().optional(),
  /** The version it is to have in the end. */
  version: z.string().optional(),
  /** The version it gets next. */
  nextVersion: z.string().optional(),
  reason: z.string().optional(),
  /** When it may be its turn. */
  until: moment.optional(),
});

/** What a policy does about a machine. */
export type PlannedMachine = z.output<typeof plannedMachine>;

const counts = z.object({
  /** Of the approved devices of the organization. */
  total: z.int(),
  /** Whom the policy is for. */
  meant: z.int(),
  broken: z.int(),
  right: z.int(),
  /** Those that are updated as soon as there is room. */
  update: z.int(),
  updating: z.int(),
  waiting: z.int(),
  refused: z.int(),
  /** Those that are not right, and cannot be reached because their agents are not connected. */
  notConnected: z.int(),
});

export type PolicyCounts = z.output<typeof counts>;

export const updatePolicyOperations = defineOperations({
  getUpdatePolicy: {
    description: "Which agents of an organization are updated to which version, and when.",
    access: "read",
    input: z.object({ organization }),
    output: state,
  },
  saveUpdatePolicy: {
    description:
      "Changes what is given of an organization's update policy, all or none; null gives a default back. With a URN it belongs to that resource from then on; where it belongs to another one it is a conflict that names it, unless that is what the resource was called before (`formerUrn`). Refused: labels, machines or a filter together with allMachines; an enabled policy that names nobody, or everybody without allMachines; windows and blackouts that overlap or never open, dates that there are not; a version that is denied, or in no loaded bundle. Another version, other machines or other steps begin the rollout anew and release it from what failures put it on hold for.",
    access: "write",
    input: changes.extend({ organization, ...claim.shape }),
    output: state,
  },
  resetUpdatePolicy: {
    description:
      "Gives an organization the default back, that nobody is updated, and its policy to nobody. With a URN only where it belongs to that resource, or to what it was called before (`formerUrn`). Updates that have not begun are called back.",
    access: "write",
    input: z.object({ organization, ...claim.shape }),
    output: z.object({ reset: z.boolean() }),
  },
  resumeUpdates: {
    description:
      "Takes a policy off hold, whether somebody put it there or failures did. Machines that failed are not tried again until the policy or the bundle changes.",
    access: "write",
    input: z.object({ organization }),
    output: state,
  },
  planUpdates: {
    description:
      "What the policy would do now about every machine it is for, by KUID, without doing it; with `changes`, as if these had been saved, and what is to be said of them. Machines whose agents are not connected are those that it cannot reach.",
    access: "read",
    input: z.object({ organization, changes: changes.optional(), limit, after }),
    output: z.object({
      findings: z.array(finding),
      counts,
      /** How much of the fleet may be updated now. */
      percent: z.number(),
      /** Present where no window is open, or a blackout holds: which one, and when updates may begin again. */
      closed: z
        .object({ code: z.enum(["outside-window", "blackout"]), reason: z.string(), until: moment.optional() })
        .optional(),
      machines: z.array(plannedMachine),
      next,
    }),
  },
  getUpdateRevision: {
    description:
      "A text that changes when the policies have something to do: with a policy, a bundle, an update that ended. Absent where no policy wants anything.",
    access: "read",
    role: "admin",
    reach: "appliance",
    input: z.object({}),
    output: z.object({ revision: z.string().optional() }),
  },
  stepUpdates: {
    description:
      "Does what the update policies of all organizations want done now: takes notice of updates that ended, puts policies with too many failures on hold, calls back what may not begin any more, and queues updates within the task throughput.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({}),
    output: z.object({
      queued: z.int(),
      failed: z.int(),
      /** Policies that were put on hold. */
      held: z.array(z.object({ organization: z.string(), reason: z.string() })),
    }),
  },
});
