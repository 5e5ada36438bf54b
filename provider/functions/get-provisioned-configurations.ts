import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import { everyPage } from "../appliance/every-page.ts";
import type { ListedConfiguration } from "../appliance/operations/configurations.ts";
import { parseSchedule } from "../appliance/schedules/parse.ts";
import { describeSchedule } from "../appliance/schedules/schedule.ts";
import { defineFunction } from "../kit/define/function.ts";
import { lookingIn, organizationArgument } from "./in-organization.ts";

const count = (description: string) =>
  z
    .int()
    .optional()
    .meta({ description: `${description} Absent before the first run, and after an edit until the next.` });

const listed = z
  .object({
    id: z.string().meta({ description: "Its id." }),
    name: z.string().meta({ description: "Its friendly name." }),
    enabled: z.boolean().meta({ description: "Whether machines are worked on." }),
    targets: z.string().meta({ description: "Its targets, as text." }),
    version: z.string().optional().meta({ description: "The least agent version it wants." }),
    server: z.string().optional().meta({ description: "Where agents connect to." }),
    schedule: z.string().optional().meta({ description: "When it runs by itself, in words; absent for never." }),
    nextRun: z
      .string()
      .optional()
      .meta({ description: "When it runs by itself next, RFC 3339; only of an enabled one with a schedule." }),
    changedSinceRun: z
      .boolean()
      .meta({ description: "Whether it was edited after its last run: then there are no counts until the next one." }),
    running: count("Machines that are being worked on now; 0 where no run goes on."),
    lastRunState: z.enum(["running", "interrupted", "finished"]).optional().meta({
      description:
        "Whether the last run still goes on, or broke off, so that the next one goes on with it. Absent before the first.",
    }),
    lastRun: z.string().optional().meta({ description: "When its last run began, RFC 3339." }),
    total: count("Targets of the last run."),
    notStarted: count("Machines it did not begin, or not yet."),
    succeeded: count("Machines that are right: changed, unchanged or removed."),
    failed: count("Machines that failed or were unreachable."),
    absent: count("Addresses of ranges where nothing answers."),
    percentSucceeded: z
      .number()
      .optional()
      .meta({ description: "The right ones in a hundred of those that are there." }),
  })
  .meta({ typeName: "ProvisionedConfiguration", description: "A configuration and how its last run went." });

const definition = defineFunction({
  name: "getProvisionedConfigurations",
  description: "The provisioning configurations of the appliance, with the counts of their last runs.",
  inputs: z.object({
    organization: organizationArgument(),
    name: z.string().optional().meta({ description: "Only the one of this name." }),
  }),
  outputs: z.object({
    configurations: z.array(listed).meta({ description: "By name." }),
  }),
  examples: [
    {
      title: "How all configurations stand",
      yaml: `name: configurations
runtime: yaml
variables:
  all:
    fn::invoke:
      function: kace:getProvisionedConfigurations
      arguments: {}
outputs:
  configurations: \${all.configurations}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";

export const configurations = kace.getProvisionedConfigurationsOutput().configurations;
`,
      python: `import pulumi
import pulumi_kace as kace

pulumi.export("configurations", kace.get_provisioned_configurations_output().configurations)
`,
    },
  ],
});

function rowOf(configuration: ListedConfiguration): z.output<typeof listed> {
  const { id, name, description, lastRun, changedSinceRun, nextRun } = configuration;
  const { enabled, targets, version, server } = description;
  return {
    id,
    name,
    enabled,
    targets,
    version,
    server,
    schedule: scheduleText(description.schedule),
    nextRun,
    changedSinceRun,
    ...(lastRun !== undefined && { lastRun: lastRun.startedAt, lastRunState: stateOf(lastRun) }),
    ...(lastRun !== undefined &&
      !changedSinceRun && {
        total: lastRun.total,
        running: lastRun.inFlight,
        notStarted: lastRun.notAttempted,
        succeeded: lastRun.succeeded + lastRun.unchanged + lastRun.removed,
        failed: lastRun.failed + lastRun.unreachable,
        absent: lastRun.absent,
        percentSucceeded: lastRun.percentSucceeded,
      }),
  };
}

function stateOf({ running, interrupted }: NonNullable<ListedConfiguration["lastRun"]>) {
  if (running) return "running";
  return interrupted ? "interrupted" : "finished";
}

function scheduleText(words: ListedConfiguration["description"]["schedule"]): string | undefined {
  if (words === undefined) return undefined;
  const parsed = parseSchedule(words);
  return parsed.ok ? describeSchedule(parsed.schedule) : undefined;
}

/** `kace:index:getProvisionedConfigurations` (seed A19). */
export const getProvisionedConfigurations = definition.handle<ApplianceAccess>(async ({ inputs }, { client }) => {
  const all = await lookingIn(client, inputs).read((appliance) =>
    everyPage(async (after) => {
      const { configurations, next } = await appliance.listConfigurations({ limit: 1_000, after });
      return { items: configurations, next };
    }),
  );
  const wanted = inputs.name === undefined ? all : all.filter(({ name }) => name === inputs.name);
  return { configurations: wanted.map(rowOf) };
});
