import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import { DEFAULT_MAX_CHECK_INS_PER_HOUR } from "../appliance/operations/settings-limits.ts";
import { checkInsPerHour, shortestRunIntervalHours } from "../appliance/run-interval.ts";
import { ProviderError } from "../kit/define/errors.ts";
import { defineFunction } from "../kit/define/function.ts";
import { type Duration, duration, durationMs } from "../kit/define/scalars.ts";
import { lookingIn, organizationArgument } from "./in-organization.ts";

const MS_PER_SECOND = 1_000;

/** Machines that check in at some interval. */
interface Load {
  readonly devices: number;
  readonly runInterval: Duration;
}

/** What is to be found out. */
export interface RunIntervalQuestion {
  readonly devices: number;
  readonly maxCheckInsPerHour: number;
  readonly otherOrganizations: readonly Load[];
}

/** An interval in whole hours and the check-ins per hour that it makes. */
export interface RunIntervalAdvice {
  readonly runInterval: Duration;
  readonly checkInsPerHour: number;
  readonly totalCheckInsPerHour: number;
}

function loadOf({ devices, runInterval }: Load): number {
  return checkInsPerHour({ devices, runIntervalSeconds: durationMs(runInterval) / MS_PER_SECOND });
}

/**
 * The interval that keeps all agents of an appliance within the limit, and what it comes to.
 *
 * @throws ProviderError `invalid-input` if the other organizations use up the limit by themselves
 * @example adviseRunInterval({ devices: 1000, maxCheckInsPerHour: 500, otherOrganizations: [] }).runInterval // "2h"
 */
export function adviseRunInterval(question: RunIntervalQuestion): RunIntervalAdvice {
  const others = question.otherOrganizations.reduce((sum, load) => sum + loadOf(load), 0);
  const hours = shortestRunIntervalHours({ ...question, othersPerHour: others });
  if (hours === undefined) {
    throw new ProviderError({
      code: "invalid-input",
      path: ["otherOrganizations"],
      message: `the other organizations make ${round(others)} check-ins an hour already, and the limit is ${question.maxCheckInsPerHour}`,
      hint: "give them longer run intervals first, or raise maxCheckInsPerHour",
    });
  }
  const own = question.devices / hours;
  return { runInterval: `${hours}h`, checkInsPerHour: round(own), totalCheckInsPerHour: round(own + others) };
}

/** What a program may leave out. */
export interface AskedInterval {
  readonly devices?: number | undefined;
  readonly maxCheckInsPerHour?: number | undefined;
  readonly otherOrganizations?: readonly Load[] | undefined;
}

/** The whole question: for whoever does not say how many machines there are, as the appliance knows them. */
export async function questionOf(
  { devices, maxCheckInsPerHour, otherOrganizations }: AskedInterval,
  client: Pick<ApplianceAccess, "read">,
): Promise<RunIntervalQuestion> {
  if (devices !== undefined) {
    return {
      devices,
      maxCheckInsPerHour: maxCheckInsPerHour ?? DEFAULT_MAX_CHECK_INS_PER_HOUR,
      otherOrganizations: otherOrganizations ?? [],
    };
  }
  const load = await client.read((appliance) => appliance.checkInLoad({}));
  return {
    devices: load.devices,
    maxCheckInsPerHour: maxCheckInsPerHour ?? load.maxCheckInsPerHour,
    otherOrganizations:
      otherOrganizations ??
      load.others.map((other) => ({ devices: other.devices, runInterval: `${other.runIntervalSeconds}s` as const })),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

const definition = defineFunction({
  name: "recommendRunInterval",
  description:
    "How often agents should check in, so that an appliance is not asked too often: the vendor advises at most 500 check-ins an hour over all organizations. Without `devices` it goes by what the appliance knows.",
  inputs: z.object({
    organization: organizationArgument(),
    devices: z
      .int()
      .min(0)
      .max(10_000_000)
      .optional()
      .meta({
        description:
          "How many machines have an agent. Left out: the approved devices of the appliance, with its limit and its other organizations where these are left out too.",
        examples: [1000],
      }),
    maxCheckInsPerHour: z
      .int()
      .min(1)
      .optional()
      .meta({ description: "The most check-ins an hour, over all organizations of the appliance. Default: 500." }),
    otherOrganizations: z
      .array(
        z
          .object({
            devices: z.int().min(0).meta({ description: "How many machines of that organization have an agent." }),
            runInterval: duration()
              .refine((text) => durationMs(text) > 0, { error: 'expected more than no time at all, such as "1h"' })
              .meta({ description: "How often they check in.", examples: ["2h"] }),
          })
          .meta({
            typeName: "OrganizationLoad",
            description: "The machines of one organization and how often they check in.",
          }),
      )
      .optional()
      .meta({ description: "What the other organizations of the same appliance use of the limit. Default: nothing." }),
  }),
  outputs: z.object({
    runInterval: duration().meta({
      description: "The shortest run interval, in whole hours, that keeps to the limit.",
      examples: ["2h"],
    }),
    checkInsPerHour: z.number().meta({ description: "How many check-ins an hour these machines make then." }),
    totalCheckInsPerHour: z.number().meta({ description: "How many all organizations make together." }),
  }),
  examples: [
    {
      title: "The machines of the appliance",
      yaml: `name: own-run-interval
runtime: yaml
variables:
  advice:
    fn::invoke:
      function: kace:recommendRunInterval
      arguments: {}
resources:
  agents:
    type: kace:AgentSettings
    properties:
      runInterval: \${advice.runInterval}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";

const advice = kace.recommendRunIntervalOutput();
new kace.AgentSettings("agents", { runInterval: advice.runInterval });
`,
      python: `import pulumi_kace as kace

advice = kace.recommend_run_interval_output()
kace.AgentSettings("agents", run_interval=advice.run_interval)
`,
    },
    {
      title: "A fleet of 1,200 machines",
      yaml: `name: run-interval
runtime: yaml
variables:
  advice:
    fn::invoke:
      function: kace:recommendRunInterval
      arguments:
        devices: 1200
outputs:
  runInterval: \${advice.runInterval}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";

const advice = kace.recommendRunIntervalOutput({ devices: 1200 });
export const runInterval = advice.runInterval;
`,
      python: `import pulumi
import pulumi_kace as kace

advice = kace.recommend_run_interval_output(devices=1200)
pulumi.export("runInterval", advice.run_interval)
`,
    },
  ],
});

/** `kace:index:recommendRunInterval`. */
export const recommendRunInterval = definition.handle<ApplianceAccess>(async ({ inputs }, { client }) =>
  adviseRunInterval(await questionOf(inputs, lookingIn(client, inputs))),
);
