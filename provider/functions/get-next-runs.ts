import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import type { ListedConfiguration } from "../appliance/operations/configurations.ts";
import { nextRuns, systemTimezone } from "../appliance/schedules/next-runs.ts";
import { parseSchedule } from "../appliance/schedules/parse.ts";
import { describeSchedule, type Schedule, type ScheduleWords } from "../appliance/schedules/schedule.ts";
import { scheduleShape } from "../appliance/schedules/shape.ts";
import { ProviderError } from "../kit/define/errors.ts";
import { defineFunction } from "../kit/define/function.ts";
import { lookingIn, organizationArgument } from "./in-organization.ts";

const definition = defineFunction({
  name: "getNextRuns",
  description:
    "When a schedule fires next: that of a configuration of the appliance, or one that is tried out. Without `after` the answer depends on when it is asked.",
  inputs: z.object({
    organization: organizationArgument(),
    schedule: scheduleShape
      .optional()
      .meta({ description: "A schedule to try out; without a time zone, in that of this machine." }),
    configuration: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "The name of a configuration, in place of `schedule`." }),
    count: z.int().min(1).max(1_000).default(5).meta({ description: "How many runs are wanted." }),
    after: z.iso
      .datetime({ offset: true, error: 'expected a moment, such as "2027-03-01T00:00:00Z"' })
      .optional()
      .meta({
        description: "The moment after which they are, RFC 3339. Default: now.",
        examples: ["2027-03-01T00:00:00Z"],
      }),
  }),
  outputs: z.object({
    description: z.string().meta({ description: "The schedule in words; `never` for a configuration without one." }),
    runs: z.array(z.string()).meta({ description: "The moments, the next one first, RFC 3339 in UTC." }),
  }),
  examples: [
    {
      title: "What a schedule comes to",
      yaml: `name: next-runs
runtime: yaml
variables:
  next:
    fn::invoke:
      function: kace:getNextRuns
      arguments:
        schedule:
          every: day
          at: "02:30"
          timezone: Europe/Berlin
        after: "2027-03-27T12:00:00Z"
        count: 3
outputs:
  runs: \${next.runs}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";

export const runs = kace.getNextRunsOutput({
  schedule: { every: "day", at: "02:30", timezone: "Europe/Berlin" },
  after: "2027-03-27T12:00:00Z",
  count: 3,
}).runs;
`,
      python: `import pulumi
import pulumi_kace as kace

pulumi.export("runs", kace.get_next_runs_output(
    schedule={"every": "day", "at": "02:30", "timezone": "Europe/Berlin"},
    after="2027-03-27T12:00:00Z",
    count=3).runs)
`,
    },
  ],
});

/** `kace:index:getNextRuns` (seed A20). */
export const getNextRuns = definition.handle<ApplianceAccess>(async ({ inputs }, { client }) => {
  const { schedule: given, configuration, count } = inputs;
  if ((given === undefined) === (configuration === undefined))
    throw new ProviderError({
      code: "invalid-input",
      path: ["schedule"],
      message: "expected either `schedule` or `configuration`",
    });
  const kept =
    configuration === undefined ? undefined : await configurationOf(configuration, lookingIn(client, inputs));
  const words = given ?? kept?.description.schedule;
  if (words === undefined) return { description: "never", runs: [] };
  const schedule = readable(words);
  const afterMs = inputs.after === undefined ? Date.now() : Date.parse(inputs.after);
  const runs = nextRuns(schedule, { afterMs, count, timezone: kept?.timezone ?? systemTimezone() });
  return { description: describeSchedule(schedule), runs: runs.map((ms) => new Date(ms).toISOString()) };
});

async function configurationOf(name: string, client: ApplianceAccess): Promise<ListedConfiguration> {
  const found = await client.read((appliance) => appliance.findConfiguration({ name }));
  if (found !== null) return found;
  throw new ProviderError({
    code: "not-found",
    path: ["configuration"],
    message: `the appliance has no configuration ${name}`,
    hint: "`kace config list` shows those there are",
  });
}

/** What the check has let through, or the appliance has kept, can be read, unless another version wrote it. */
function readable(words: ScheduleWords): Schedule {
  const parsed = parseSchedule(words);
  if (parsed.ok) return parsed.schedule;
  const [problem] = parsed.problems;
  throw new ProviderError({
    code: "invalid-input",
    path: ["schedule", ...(problem?.path ?? [])],
    message: problem?.message ?? "the schedule cannot be read",
  });
}
