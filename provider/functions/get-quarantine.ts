import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import { everyPage } from "../appliance/every-page.ts";
import { deviceState } from "../appliance/operations/device-words.ts";
import type { Device } from "../appliance/operations/devices.ts";
import type { KeyConflict } from "../appliance/operations/quarantine.ts";
import { defineFunction } from "../kit/define/function.ts";
import { lookingIn, organizationArgument } from "./in-organization.ts";

const PAGE = 1_000;

const device = z
  .object({
    kuid: z.string().meta({ description: "Its KUID." }),
    hostname: z.string().meta({ description: "Its host name, as it says itself." }),
    state: deviceState.meta({
      description: "Where it stands.",
      typeName: "DeviceState",
      valueDescriptions: {
        approved: "It was let in.",
        quarantined: "It waits for a decision.",
        blocked: "It was shut out.",
      },
    }),
    reason: z
      .string()
      .optional()
      .meta({ description: "Why: `no-token`, `token-expired`, `awaiting-approval` (a person put it back) and so on." }),
    system: z.string().meta({ description: "Its system, in words." }),
    agentVersion: z.string().meta({ description: "The version of its agent." }),
    addresses: z.array(z.string()).meta({ description: "Its addresses, as it says itself." }),
    connected: z.boolean().meta({ description: "Whether its agent is connected now." }),
    firstSeen: z.string().meta({ description: "When it came first, RFC 3339." }),
    lastSeen: z.string().meta({ description: "When it was seen last, RFC 3339." }),
  })
  .meta({ typeName: "QuarantinedDevice", description: "A device that is not approved." });

const conflict = z
  .object({
    kuid: z.string().meta({ description: "The KUID that both have." }),
    knownHostname: z.string().meta({ description: "The host name of the device that is known by it." }),
    hostname: z.string().meta({
      description:
        "The host name of the one that came with another key, or that takes turns with it with the same one.",
    }),
    sameMachine: z.boolean().optional().meta({
      description: "True where an agent was set up anew, false where a machine was copied; absent if unknown.",
    }),
    addresses: z.array(z.string()).meta({ description: "The addresses of the one that came." }),
    firstSeen: z.string().meta({ description: "When it came first, RFC 3339." }),
    lastSeen: z.string().meta({ description: "When it came last, RFC 3339." }),
    attempts: z.int().meta({ description: "How often it came." }),
  })
  .meta({ typeName: "DuplicateKuid", description: "A device that came with the KUID of another." });

const definition = defineFunction({
  name: "getQuarantine",
  description: "The devices that wait in quarantine, and those that were refused because another has their KUID.",
  inputs: z.object({
    organization: organizationArgument(),
    blocked: z.boolean().default(false).meta({ description: "Whether to add the devices that are blocked." }),
  }),
  outputs: z.object({
    devices: z.array(device).meta({ description: "Those that came last first." }),
    count: z.int().meta({ description: "How many of them there are." }),
    duplicates: z
      .array(conflict)
      .meta({ description: "Devices with the KUID of another, those that came last first." }),
  }),
  examples: [
    {
      title: "How many machines wait",
      yaml: `name: quarantine
runtime: yaml
variables:
  quarantine:
    fn::invoke:
      function: kace:getQuarantine
      arguments: {}
outputs:
  waiting: \${quarantine.count}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";

export const waiting = kace.getQuarantineOutput().count;
`,
      python: `import pulumi
import pulumi_kace as kace

pulumi.export("waiting", kace.get_quarantine_output().count)
`,
    },
  ],
});

function rowOf(found: Device): z.output<typeof device> {
  const { kuid, hostname, state, reason, os, agentVersion, addresses, connected, enrolledAt, lastSeenAt } = found;
  const seen = { firstSeen: enrolledAt, lastSeen: lastSeenAt };
  return { kuid, hostname, state, reason, system: os.name, agentVersion, addresses, connected, ...seen };
}

function duplicateOf({ firstSeenAt, lastSeenAt, ...rest }: KeyConflict): z.output<typeof conflict> {
  return { ...rest, firstSeen: firstSeenAt, lastSeen: lastSeenAt };
}

/** `kace:index:getQuarantine` (seed B4). */
export const getQuarantine = definition.handle<ApplianceAccess>(async ({ inputs }, { client }) => {
  const states = inputs.blocked ? (["quarantined", "blocked"] as const) : (["quarantined"] as const);
  const { devices, conflicts } = await lookingIn(client, inputs).read(async (appliance) => ({
    devices: await everyPage(async (after) => {
      const { devices: items, next } = await appliance.findDevices({ states: [...states], limit: PAGE, after });
      return { items, next };
    }),
    conflicts: await everyPage(async (after) => {
      const { keyConflicts: items, next } = await appliance.listKeyConflicts({ limit: PAGE, after });
      return { items, next };
    }),
  }));
  devices.sort((one, other) => (one.enrolledAt < other.enrolledAt ? 1 : one.enrolledAt > other.enrolledAt ? -1 : 0));
  return { devices: devices.map(rowOf), count: devices.length, duplicates: conflicts.map(duplicateOf) };
});
