import * as z from "zod";
import { MAX_NAME_LENGTH } from "../../appliance/operations/fields.ts";
import { scheduleShape } from "../../appliance/schedules/shape.ts";
import type { PreviewOf } from "../../kit/define/plain.ts";
import { numberOrPercent } from "../../kit/define/scalars.ts";
import { Unknown } from "../../kit/define/value.ts";
import { limit, port, version } from "../../rollout/scalars.ts";
import type { ListOrText } from "../../rollout/targets/items.ts";
import type { TargetSpec } from "../../rollout/targets/parse-targets.ts";
import { targetsShape } from "../../rollout/targets/shape.ts";
import { organizationInput } from "../in-organization.ts";
import { objectName } from "../object-name.ts";
import { linux } from "./platform-inputs.ts";

const server = z
  .object({
    name: z
      .string()
      .min(1)
      .regex(/^[^\s/:]+$|^\[?[0-9a-fA-F:]+\]?$/, { error: 'expected a host name, such as "kbox.corp.example"' })
      .optional()
      .meta({
        description:
          "The name under which agents find their server: the appliance's own Web server name, since the appliance replaces any other sooner or later. Default: the name of this endpoint's own server.",
        examples: ["kbox.corp.example"],
      }),
    port: port().optional().meta({
      description: "The port agents connect to. Default: that of this endpoint's own server, else 443.",
    }),
  })
  .meta({ typeName: "ProvisioningServer", description: "Where agents connect to." });

const agent = z
  .object({
    version: version()
      .optional()
      .meta({
        description:
          "The least version wanted: an older agent is upgraded, a newer one is right as it is. Without it an agent that is there is never upgraded, and the newest package of the bundle is installed where there is none.",
        examples: ["14.1.19"],
      }),
    exact: z.boolean().default(false).meta({ description: "Whether exactly `version` is wanted, not a newer one." }),
    allowDowngrade: z
      .boolean()
      .default(false)
      .meta({ description: "Whether a newer agent may be replaced by an older one, which `exact` then asks for." }),
    deniedVersions: z
      .array(version())
      .default([])
      .meta({ description: "Versions that must not be installed and are replaced where they are found.", set: true }),
    bundle: z
      .string()
      .min(1)
      .max(100, { error: "expected the id of an `AgentBundle`, which is shorter" })
      .optional()
      .meta({ description: "The id of the `AgentBundle` to install from. Not needed to remove agents." }),
    token: z
      .string()
      .min(1)
      .max(1_000, { error: "expected a token, which has at most 1,000 characters" })
      .optional()
      .meta({
        description:
          "The value of the `AgentToken` that new agents enrol with. Without it they wait in quarantine to be approved. It matters for new enrolments only.",
        secret: true,
        credential: true,
      }),
    installTimeout: limit().default("10m").meta({ description: "How long the installer of a machine may take." }),
    connectTimeout: limit()
      .default("2m")
      .meta({ description: "How long a new agent may take to connect to its server and be approved." }),
    waitForConnection: z
      .boolean()
      .default(true)
      .meta({ description: "Whether a machine counts as done only once its agent is connected and approved." }),
    keepPackage: z
      .boolean()
      .default(false)
      .meta({ description: "Whether the package stays on the machine, in `/var/cache/pulumi-kace`." }),
  })
  .meta({ typeName: "ProvisioningAgent", description: "What to install, and how it enrols." });

const dns = z
  .object({
    lookup: z
      .boolean()
      .default(true)
      .meta({ description: "Whether names are looked up for addresses that came from a range, for the results." }),
    nameServer: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "The name server to ask. Default: the system's.", examples: ["10.0.0.53"] }),
    timeout: limit().default("2s").meta({ description: "How long an answer may take." }),
  })
  .meta({ typeName: "ProvisioningDns", description: "How names and addresses of machines are looked up." });

const rollout = z
  .object({
    maxConcurrency: numberOrPercent(1)
      .default(32)
      .meta({ description: "How many machines are worked on at once: a number, or a share of the targets." }),
    maxConnecting: z.int().min(1).max(1_000).default(32).meta({
      description: "How many connections may be in their handshake at once, which costs more than an open one.",
    }),
    maxFailures: numberOrPercent()
      .default(0)
      .meta({ description: "How many machines may fail before no further one is begun and `up` fails." }),
    maxUnreachable: numberOrPercent()
      .default(0)
      .meta({ description: "How many named machines may be unreachable before `up` fails." }),
    attempts: z
      .int()
      .min(1)
      .max(10)
      .default(3)
      .meta({ description: "How often a connection is tried; only faults of the transport are tried again." }),
    deadline: limit().optional().meta({ description: "After this time no further machine is begun." }),
  })
  .meta({ typeName: "ProvisioningRollout", description: "How fast a rollout goes, and when it stops." });

/** What a `ProvisioningConfig` takes. */
export const inputs = z.object({
  organization: organizationInput(),
  name: objectName()
    .optional()
    .meta({ description: "The friendly name, unique in its organization.", autoname: { maxLength: MAX_NAME_LENGTH } }),
  enabled: z
    .boolean()
    .default(true)
    .meta({ description: "Whether machines are worked on; `false` only saves the configuration." }),
  targets: targetsShape,
  allowLarge: z
    .boolean()
    .default(false)
    .meta({ description: "Whether there may be more than 65,536 targets, which mostly is a mistake in a range." }),
  server: server.optional(),
  agent: agent.optional(),
  dns: dns.optional(),
  linux: linux.optional(),
  rollout: rollout.optional(),
  schedule: scheduleShape.optional().meta({
    description:
      "When `kace serve` runs the configuration by itself, beside every `pulumi up`. With it, what machines are logged in to with is kept on the appliance, encrypted, for as long as there is a schedule.",
  }),
  state: z
    .enum(["present", "removed"])
    .default("present")
    .meta({
      description: "Whether the agent shall be on the machines.",
      typeName: "AgentPresence",
      valueDescriptions: { present: "Installed, enrolled and running.", removed: "Not there." },
    }),
  removeDataDirectory: z
    .boolean()
    .default(false)
    .meta({ description: "Whether a removal takes the agent's data and identity with it." }),
  takeOver: z
    .boolean()
    .default(false)
    .meta({ description: "Whether machines that another configuration claims are taken over instead of refused." }),
  allowUnsupported: z.boolean().default(false).meta({
    description:
      "Whether the agent is also installed on systems that it is not made for, by its maker's table; without it such a machine is refused as `unsupported-os`.",
  }),
  onDestroy: z
    .enum(["abandon", "uninstall"])
    .default("abandon")
    .meta({
      description:
        "What becomes of the agents when the resource is destroyed, and on machines that are no longer targets.",
      typeName: "OnDestroy",
      valueDescriptions: { abandon: "They stay.", uninstall: "They are removed, with evidence." },
    }),
  removeDevices: z.boolean().default(false).meta({
    description:
      "Whether the devices of the machines are taken out of the appliance's inventory when the resource is destroyed. An agent that stays on its machine comes back as a new device.",
  }),
  probe: z
    .enum(["always", "onRefresh"])
    .default("always")
    .meta({
      description: "When machines are looked at although the program did not change.",
      typeName: "ProbePolicy",
      valueDescriptions: {
        always: "In every preview and every update.",
        onRefresh: "Only in `pulumi refresh`.",
      },
    }),
});

/** The inputs of a `ProvisioningConfig` with every default filled in. */
export type Inputs = z.output<typeof inputs>;

/** Targets as far as they are known; undefined while any part of them is not. */
export function targetSpecOf(targets: PreviewOf<Inputs>["targets"]): TargetSpec | undefined {
  if (targets instanceof Unknown) return undefined;
  const lists: Record<string, ListOrText | undefined> = {};
  for (const [property, value] of Object.entries(targets)) {
    if (value instanceof Unknown) return undefined;
    if (!Array.isArray(value)) {
      lists[property] = value;
      continue;
    }
    const items = value.filter((item) => typeof item === "string");
    if (items.length < value.length) return undefined;
    lists[property] = items;
  }
  return lists;
}
