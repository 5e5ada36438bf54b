import * as z from "zod";
import { type ApplianceAccess, accessTo } from "./appliance/access.ts";
import { openAppliance, placeOf } from "./appliance/configuration.ts";
import { writtenOrganization } from "./appliance/operations/fields.ts";
import type { ConfigureContext } from "./kit/define/provider.ts";
import { duration, durationMs } from "./kit/define/scalars.ts";

/** The settings of the provider, in `pulumi config`, on an explicit provider, or in the environment. */
export const config = z.object({
  endpoint: z
    .string()
    .regex(/^local$|^https:\/\/[^\s/]+\/?$/, {
      error: 'expected "local", or the address of a `kace serve`, such as "https://kace.corp.example:8443"',
    })
    .optional()
    .meta({
      description:
        "The appliance: `local` (the default) for the embedded one on this machine, or the https address of a `kace serve`.",
      environment: ["KACE_ENDPOINT"],
      examples: ["https://kace.corp.example:8443"],
    }),
  database: z
    .string()
    .min(1)
    .optional()
    .meta({
      description: "The folder of a local appliance. Default: `pulumi-kace` in the user's data folder.",
      environment: ["KACE_DATABASE"],
    }),
  organization: writtenOrganization.optional().meta({
    description:
      "The organization of the appliance that resources and functions work in where they name none by their own `organization`. Another one here replaces the resources that name none. Default: `default`, or the one that the API token is for.",
    environment: ["KACE_ORGANIZATION"],
    examples: ["berlin"],
  }),
  apiToken: z
    .string()
    .min(1)
    .optional()
    .meta({
      description: "What an https endpoint knows its users by; `kace api-tokens create` makes one.",
      secret: true,
      environment: ["KACE_API_TOKEN"],
    }),
  caCertificate: z.string().min(1).optional().meta({
    description:
      "The PEM text of the authority that the endpoint's certificate is of, where this machine does not trust it by itself.",
  }),
  connectTimeout: duration()
    .default("10s")
    .meta({ description: "How long an https endpoint may take to answer at first." }),
  maxConcurrency: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .meta({
      description: "How many machines any rollout may work on at once, whatever its own limit says.",
      environment: ["KACE_MAX_CONCURRENCY"],
    }),
});

/** Opens the way to the appliance that the settings name; nothing is contacted or written yet. */
export async function configure(
  settings: z.output<typeof config>,
  { log }: ConfigureContext,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<ApplianceAccess> {
  const endpoint = settings.endpoint ?? "local";
  const isLocal = endpoint === "local";
  if (isLocal && isSet(environment.CI))
    log.warn(
      "the appliance is a folder of this machine, and this looks like a pipeline: what it keeps is lost with the machine; set `kace:endpoint` to a `kace serve` that stays",
    );
  const { database, apiToken, caCertificate, organization } = settings;
  return accessTo(
    ({ readOnly }) =>
      openAppliance({
        endpoint,
        database,
        apiToken,
        caCertificate,
        organization,
        connectTimeoutMs: durationMs(settings.connectTimeout),
        readOnly,
      }),
    {
      endpoint,
      isLocal,
      place: () => placeOf({ endpoint, database }),
      maxConcurrency: settings.maxConcurrency,
      organization,
    },
  );
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0" && value !== "false";
}
