import * as z from "zod";
import type { Input } from "../appliance/appliance.ts";
import { machineFilter } from "../appliance/filter/filter.ts";
import { listedMachine, MAX_LISTED_MACHINES } from "../appliance/operations/listed-machine.ts";
import type { UpdatePolicyState } from "../appliance/operations/update-policy.ts";
import {
  calendarDay,
  exactVersion,
  MAX_BLACKOUT_DATES,
  timezone,
} from "../appliance/operations/update-policy-words.ts";
import { WEEKDAYS } from "../appliance/schedules/schedule.ts";
import { duration, durationMs, numberOrPercent, type Percentage } from "../kit/define/scalars.ts";
import { intervalOf } from "./agent-settings.ts";
import { managedBy } from "./anothers.ts";
import { organizationInput } from "./in-organization.ts";

const timeOfDay = () =>
  z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'expected a time of day from "00:00" to "23:59"' });

const window = z
  .object({
    from: timeOfDay().meta({ description: "When it begins.", examples: ["22:00"] }),
    to: timeOfDay().meta({
      description: "When it ends; on the next day where that is not after the beginning. `00:00` to `00:00` is a day.",
      examples: ["06:00"],
    }),
    days: z
      .array(z.enum(WEEKDAYS).meta({ description: "A day of the week.", typeName: "Weekday" }))
      .min(1)
      .max(7)
      .optional()
      .meta({ description: "The days that it begins on. Default: every day.", set: true }),
  })
  .meta({ typeName: "UpdateWindow", description: "A time of the week, by the clocks of the policy's time zone." });

const dates = z
  .object({
    from: calendarDay.meta({
      description: "The first day: `12-24` of every year, or `2026-12-24` of one.",
      examples: ["12-24", "2026-12-24"],
    }),
    to: calendarDay.optional().meta({
      description:
        "The last day, which belongs to it, in the same form; of every year, it may be in the next one. Default: the first day.",
      examples: ["01-02", "2027-01-02"],
    }),
    name: z
      .string()
      .min(1)
      .max(200)
      .regex(/^\S(?:.*\S)?$/, { error: "expected one line without blanks around it" })
      .optional()
      .meta({
        description: "What it is called where it holds.",
        examples: ["Christmas"],
      }),
  })
  .meta({
    typeName: "UpdateBlackoutDates",
    description: "Whole days of the calendar, from the first midnight to the last one in the policy's time zone.",
  });

const windows = () => z.array(window).max(100).optional();

const isAfter = (text: Parameters<typeof durationMs>[0]) =>
  durationMs(text) % 1_000 === 0 && durationMs(text) <= 365 * 86_400_000;

const step = z
  .object({
    percent: z
      .int()
      .min(1)
      .max(100)
      .meta({ description: "How many of the machines may be updated, in percent; rounded up." }),
    after: duration()
      .refine(isAfter, { error: 'expected from "0s" to "365d", in whole seconds, such as "24h"' })
      .meta({ description: "From when on, counted from when the rollout began.", examples: ["24h"] }),
  })
  .meta({ typeName: "UpdateRolloutStep", description: "A share of the machines, from some time on." });

/** What a program says of a policy. */
export const inputs = z.object({
  organization: organizationInput(),
  enabled: z.boolean().optional().meta({ description: "Whether agents are updated. Default: false." }),
  updateBrokenAgents: z.boolean().optional().meta({
    description:
      "Also update machines whose agents are connected but have brought no inventory for three intervals, whatever labels, machines, filter and rollout say. Default: false.",
  }),
  allMachines: z.boolean().optional().meta({
    description: "Update all machines of the organization. Not together with `labels`, `machines` and `filter`.",
  }),
  labels: z
    .array(z.string().min(1).max(200))
    .max(1_000)
    .optional()
    .meta({ description: "Update the machines that have one of these labels, by the labels' names.", set: true }),
  machines: z
    .array(listedMachine)
    .max(MAX_LISTED_MACHINES)
    .optional()
    .meta({
      description: "Update these machines too, each by the KUID of its device or by its host name.",
      set: true,
      examples: [["web01", "web02.corp.example"]],
    }),
  filter: machineFilter.optional().meta({ description: "Update the machines that this means too." }),
  version: z
    .string()
    .max(100)
    .regex(/^(?:latest|n-1|[vV]?\d+(?:\.\d+)*(?:[-~+][\w.~+-]+)?)$/, {
      error: 'expected "latest", "n-1" or a version, such as "14.1.19"',
    })
    .optional()
    .meta({
      description:
        "`latest` is the newest version among the loaded bundles, `n-1` the one before it; or a version by number, which must be in a loaded bundle. Where the vendor's rules forbid a step (5.1 or 5.3 before 5.4), agents go over versions that are loaded, one after the other. Default: `latest`.",
      examples: ["latest", "14.1.19"],
    }),
  deniedVersions: z
    .array(exactVersion)
    .max(100)
    .optional()
    .meta({ description: "Versions that nobody is updated to.", set: true }),
  notes: z.string().min(1).max(10_000).optional().meta({ description: "Whatever should be known about it." }),
  timezone: timezone.optional().meta({
    description: "The IANA name of the time zone of windows and blackouts. Default: that of the appliance.",
    examples: ["Europe/Berlin"],
  }),
  windows: windows().meta({
    description: "When updates may begin; they must not overlap. Default: at any time.",
  }),
  blackoutWindows: windows().meta({ description: "When updates may not begin, whatever `windows` says." }),
  blackoutDates: z.array(dates).max(MAX_BLACKOUT_DATES).optional().meta({
    description:
      "Days of the calendar on which updates may not begin, of every year or of one; they must not overlap, nor take up the year.",
  }),
  rollout: z.array(step).max(100).optional().meta({
    description:
      "Which share of the machines may be updated from when on, each step larger and later than the one before. Which machines come first is a matter of chance, and another one in each rollout. A rollout begins when the policy is enabled, when the version that it wants or the package of it changes, and when the policy is for other machines. Default: all at once.",
  }),
  hold: z.boolean().optional().meta({
    description: "Begin nothing new; updates that agents work on go on. Default: false.",
  }),
  maxFailures: numberOrPercent()
    .optional()
    .meta({
      description:
        "More failed updates than these, or than this share of the machines, put the policy on hold until it changes or `kace policy resume`. Default: `10%`.",
      examples: [5, "10%"],
    }),
});

/** What the provider adds. */
export const outputs = z.object({
  managedBy,
  counts: z
    .object({
      total: z.int().meta({ description: "The approved machines of the organization." }),
      meant: z.int().meta({ description: "Those that the policy is for." }),
      right: z.int().meta({ description: "Those of them that had the version already, or a newer one." }),
      refused: z.int().meta({ description: "Those that it cannot update: `kace policy plan` says why." }),
      notConnected: z
        .int()
        .meta({ description: "Those that it could not reach, because their agents were not connected." }),
    })
    .meta({ typeName: "UpdatePolicyCounts", description: "How many machines there were when the policy was set." }),
  held: z.string().optional().meta({ description: "Why failures have put it on hold; absent where they have not." }),
  distributionTimestamp: z.string().optional().meta({
    description: "When the newest of the loaded bundles came to the appliance, RFC 3339.",
  }),
});

export type PolicyInputs = z.output<typeof inputs>;

/** What a program says, as the appliance takes it: what is left out has its default. */
export function changesOf(given: PolicyInputs): Omit<Input<"saveUpdatePolicy">, "organization" | "urn"> {
  const { rollout, ...rest } = given;
  return {
    enabled: rest.enabled ?? null,
    updateBrokenAgents: rest.updateBrokenAgents ?? null,
    allMachines: rest.allMachines ?? null,
    labels: rest.labels ?? null,
    machines: rest.machines ?? null,
    filter: rest.filter ?? null,
    version: rest.version ?? null,
    deniedVersions: rest.deniedVersions ?? null,
    notes: rest.notes ?? null,
    timezone: rest.timezone ?? null,
    windows: rest.windows ?? null,
    blackoutWindows: rest.blackoutWindows ?? null,
    blackoutDates: rest.blackoutDates ?? null,
    rollout: rollout?.map(({ percent, after }) => ({ percent, afterSeconds: durationMs(after) / 1_000 })) ?? null,
    hold: rest.hold ?? null,
    maxFailures: rest.maxFailures ?? null,
  };
}

/** What a program would say to have this policy, in the form it wrote it in where that means the same. */
export function inputsOf({ organization, given }: UpdatePolicyState, old: PolicyInputs | undefined) {
  const { rollout, maxFailures } = given;
  return {
    organization,
    enabled: given.enabled ?? null,
    updateBrokenAgents: given.updateBrokenAgents ?? null,
    allMachines: given.allMachines ?? null,
    labels: given.labels ?? null,
    machines: given.machines ?? null,
    filter: given.filter ?? null,
    version: given.version ?? null,
    deniedVersions: given.deniedVersions ?? null,
    notes: given.notes ?? null,
    timezone: given.timezone ?? null,
    windows: given.windows ?? null,
    blackoutWindows: given.blackoutWindows ?? null,
    blackoutDates: given.blackoutDates ?? null,
    rollout:
      rollout?.map(({ percent, afterSeconds }, index) => ({
        percent,
        after: intervalOf(afterSeconds, old?.rollout?.[index]?.after) ?? "0s",
      })) ?? null,
    hold: given.hold ?? null,
    maxFailures:
      maxFailures !== undefined && (typeof maxFailures === "number" || isShare(maxFailures)) ? maxFailures : null,
  };
}

/** The appliance takes no other text. */
function isShare(text: string): text is Percentage {
  return text.endsWith("%");
}
