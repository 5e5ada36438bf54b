import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import { everyPage } from "../appliance/every-page.ts";
import { defineFunction } from "../kit/define/function.ts";
import { lookingIn, organizationArgument } from "./in-organization.ts";

const update = z
  .object({
    id: z.string().meta({ description: "The id of the bundle, or of the download where none was made of it here." }),
    name: z.string().meta({ description: "Its name." }),
    flavour: z.string().meta({ description: "The kind of agent: `quest` or `reference`." }),
    version: z.string().meta({ description: "The newest version among its packages." }),
    files: z.array(z.string()).meta({ description: "The file names of its packages." }),
    downloadedAt: z.string().optional().meta({
      description: "When the source of updates brought it, RFC 3339; absent for what was uploaded.",
    }),
    loaded: z.boolean().meta({ description: "Whether the organization may give its packages to machines." }),
    loadedAt: z.string().optional().meta({ description: "Since when, RFC 3339." }),
  })
  .meta({ typeName: "AgentUpdate", description: "A bundle of agents' packages that is on the appliance." });

const definition = defineFunction({
  name: "getAgentUpdates",
  description:
    "Which agents are on the appliance, downloaded, uploaded and loaded, and how it looks for newer ones: where, when last, when next, and what was wrong. What is downloaded may be installed only once the organization has loaded it, by `kace bundle load`.",
  inputs: z.object({
    organization: organizationArgument(),
    flavour: z.string().min(1).optional().meta({ description: "Only those of this kind of agent." }),
  }),
  outputs: z.object({
    bundles: z.array(update).meta({ description: "By name; what was only downloaded comes last, the oldest first." }),
    source: z
      .string()
      .optional()
      .meta({ description: "Where newer agents are looked for; absent where they are not." }),
    signed: z.boolean().meta({ description: "Whether archives there must be signed by a key." }),
    checkAt: z.string().meta({ description: "When they are looked for every day, in the server's time zone." }),
    checkedAt: z.string().optional().meta({ description: "When they were looked for last, RFC 3339." }),
    nextCheckAt: z.string().optional().meta({ description: "When they are looked for next, RFC 3339." }),
    fault: z.string().optional().meta({ description: "What was wrong at the last check." }),
  }),
  examples: [
    {
      title: "Agents that wait to be loaded",
      yaml: `name: updates
runtime: yaml
variables:
  updates:
    fn::invoke:
      function: kace:getAgentUpdates
      arguments: {}
outputs:
  bundles: \${updates.bundles}
  nextCheck: \${updates.nextCheckAt}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";

const updates = kace.getAgentUpdatesOutput();
export const waiting = updates.bundles.apply((bundles) => bundles.filter(({ loaded }) => !loaded));
`,
      python: `import pulumi
import pulumi_kace as kace

updates = kace.get_agent_updates_output()
pulumi.export("bundles", updates.bundles)
`,
    },
  ],
});

/** `kace:index:getAgentUpdates` (seed A27). */
export const getAgentUpdates = definition.handle<ApplianceAccess>(async ({ inputs }, { client }) =>
  lookingIn(client, inputs).read(async (appliance) => {
    const { flavour } = inputs;
    const bundles = await everyPage(async (after) => {
      const { bundles: items, next } = await appliance.listBundles({ limit: 1_000, after });
      return { items, next };
    });
    const { downloads, location, requestedAt: _requestedAt, ...state } = await appliance.getUpdates({});
    const fresh = downloads.filter(({ bundleId }) => bundleId === undefined);
    const all = [...bundles, ...fresh].filter((one) => flavour === undefined || one.flavour === flavour);
    return {
      ...state,
      ...(location !== undefined && { source: location }),
      bundles: all.map(({ id, name, flavour: kind, version, packages, downloadedAt, loadedAt }) => ({
        id,
        name,
        flavour: kind,
        version,
        files: packages.map(({ fileName }) => fileName),
        downloadedAt,
        loaded: loadedAt !== undefined,
        loadedAt,
      })),
    };
  }),
);
