import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import { everyPage } from "../appliance/every-page.ts";
import { outcomeClass } from "../appliance/operations/outcome-words.ts";
import type { StoredOutcome } from "../appliance/operations/outcomes.ts";
import { ProviderError } from "../kit/define/errors.ts";
import { defineFunction } from "../kit/define/function.ts";
import { lookingIn, organizationArgument } from "./in-organization.ts";

/** The most results that one call gives. */
const MAX_RESULTS = 10_000;
const PAGE = 1_000;

const row = z
  .object({
    machine: z.string().meta({ description: "Its name or address in the configuration." }),
    configuration: z.string().meta({ description: "The id of the configuration." }),
    address: z.string().optional().meta({ description: "Its address." }),
    name: z.string().optional().meta({ description: "Its name in DNS." }),
    platform: z.string().optional().meta({ description: "`linux`, for one." }),
    action: z.string().meta({ description: "What was done: `install`, `remove`, `none` and so on." }),
    class: outcomeClass.meta({ description: "Which count of the summary it belongs to.", typeName: "OutcomeClass" }),
    code: z.string().meta({ description: "What happened, as a stable word; see the list of outcomes." }),
    message: z.string().meta({ description: "What happened, in words." }),
    version: z.string().optional().meta({ description: "The version of the agent." }),
    server: z.string().optional().meta({ description: "The server the agent belongs to." }),
    connected: z
      .boolean()
      .optional()
      .meta({ description: "Whether its agent is connected to this appliance now; absent where it has none." }),
    edited: z.boolean().meta({
      description:
        "True if the configuration was edited and not run since: then the result is of what it wanted before.",
    }),
    lastRun: z.string().meta({ description: "When it was recorded, RFC 3339." }),
    log: z.string().optional().meta({ description: "The step log, where `logs` asks for it and something was done." }),
  })
  .meta({ typeName: "RecordedResult", description: "What the last run knew of one machine." });

const definition = defineFunction({
  name: "getProvisioningResults",
  description:
    "The latest result of every machine, from the appliance's journal: all of them, also where a large fleet's state lists only those that are not right.",
  inputs: z.object({
    organization: organizationArgument(),
    configuration: z.string().optional().meta({ description: "Only those of one configuration, by its name or id." }),
    machine: z.string().optional().meta({ description: "Only those of one machine, by its name or address." }),
    classes: z
      .array(outcomeClass.meta({ typeName: "OutcomeClass" }))
      .optional()
      .meta({ description: "Only those of these classes.", examples: [["failed", "unreachable"]] }),
    logs: z.boolean().default(false).meta({ description: "Whether to add the step logs, which may be long." }),
    limit: z.int().min(1).max(MAX_RESULTS).default(PAGE).meta({ description: "How many results to give at most." }),
  }),
  outputs: z.object({
    results: z.array(row).meta({ description: "By machine." }),
    truncated: z.boolean().meta({ description: "Whether there are more than `limit`." }),
  }),
  examples: [
    {
      title: "What went wrong",
      yaml: `name: results
runtime: yaml
variables:
  bad:
    fn::invoke:
      function: kace:getProvisioningResults
      arguments:
        classes: [failed, unreachable]
        logs: true
outputs:
  bad: \${bad.results}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";

export const bad = kace.getProvisioningResultsOutput({ classes: ["failed", "unreachable"], logs: true }).results;
`,
      python: `import pulumi
import pulumi_kace as kace

pulumi.export("bad", kace.get_provisioning_results_output(classes=["failed", "unreachable"], logs=True).results)
`,
    },
  ],
});

/** `kace:index:getProvisioningResults` (seed A21). */
export const getProvisioningResults = definition.handle<ApplianceAccess>(async ({ inputs }, { client }) =>
  lookingIn(client, inputs).read(async (appliance) => {
    const configurationId = inputs.configuration === undefined ? undefined : await idOf(inputs.configuration);
    const found: StoredOutcome[] = [];
    let after: string | undefined;
    do {
      const page = await appliance.listOutcomes({
        configurationId,
        machine: inputs.machine,
        classes: inputs.classes,
        limit: PAGE,
        after,
      });
      found.push(...page.outcomes);
      after = page.next;
    } while (after !== undefined && found.length <= inputs.limit);
    const shown = found.slice(0, inputs.limit);
    const kuids = shown.flatMap(({ kuid }) => kuid ?? []);
    const { devices } = kuids.length === 0 ? { devices: [] } : await appliance.deviceStates({ kuids });
    const connected = new Map(devices.map((device) => [device.kuid, device.connected]));
    const results = [];
    for (const outcome of shown) {
      const log =
        inputs.logs && outcome.hasLog
          ? await appliance.outcomeLog({
              configurationId: outcome.configurationId,
              machine: outcome.machine,
              runId: outcome.runId,
            })
          : undefined;
      results.push(rowOf(outcome, connected, log?.log));
    }
    return { results, truncated: found.length > inputs.limit };

    async function idOf(nameOrId: string): Promise<string> {
      const all = await everyPage(async (after) => {
        const { configurations, next } = await appliance.listConfigurations({ limit: PAGE, after });
        return { items: configurations, next };
      });
      const found = all.find(({ name }) => name === nameOrId) ?? all.find(({ id }) => id === nameOrId);
      if (found !== undefined) return found.id;
      throw new ProviderError({
        code: "not-found",
        path: ["configuration"],
        message: `the appliance has no configuration ${nameOrId}`,
        hint: "`kace config list` shows those there are",
      });
    }
  }),
);

function rowOf(
  outcome: StoredOutcome,
  connected: ReadonlyMap<string, boolean>,
  log: string | undefined,
): z.output<typeof row> {
  const { machine, address, name, platform, action, code, message, version, server } = outcome;
  return {
    machine,
    configuration: outcome.configurationId,
    address,
    name,
    platform,
    action,
    class: outcome.class,
    code,
    message,
    version,
    server,
    connected: outcome.kuid === undefined ? undefined : connected.get(outcome.kuid),
    edited: outcome.edited,
    lastRun: outcome.recordedAt,
    log,
  };
}
