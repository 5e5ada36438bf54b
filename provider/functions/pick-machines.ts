import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import { ProviderError } from "../kit/define/errors.ts";
import { defineFunction } from "../kit/define/function.ts";
import { duration, durationMs } from "../kit/define/scalars.ts";
import { createDns } from "../rollout/dns/dns.ts";
import { systemNames } from "../rollout/dns/name-source.ts";
import { sweepPorts } from "../rollout/ports/sweep.ts";
import type { TargetSpec } from "../rollout/targets/parse-targets.ts";
import { targetsShape } from "../rollout/targets/shape.ts";
import { LARGE } from "../rollout/targets/size.ts";
import { targetsOf } from "./expand-targets.ts";
import { lookingIn, organizationArgument } from "./in-organization.ts";
import { inventoryMachines } from "./inventory-machines.ts";
import { pickMachinesExamples } from "./pick-machines-examples.ts";
import { type Machine, pick } from "./picking.ts";
import { scan } from "./scan-network.ts";

const DEFAULT_LIMIT = 20;
const LOOKUP_TIMEOUT_MS = 2_000;

const picked = z
  .object({
    machine: z.string().meta({ description: "What to name it by among targets: its host name, or its address." }),
    address: z.string().optional().meta({ description: "Its address, where it is known." }),
    kuid: z.string().optional().meta({ description: "The KUID of its device, of one in the inventory." }),
    connected: z.boolean().optional().meta({ description: "Whether its agent is connected, of one in the inventory." }),
  })
  .meta({ typeName: "PickedMachine", description: "A machine to pick." });

const definition = defineFunction({
  name: "pickMachines",
  description:
    "Helps to pick machines: those of a range, those that a scan finds, or those in the inventory, of which a text leaves the ones whose name or address has it somewhere: `lib` leaves Library-1, Library-2 and so on.",
  inputs: z.object({
    organization: organizationArgument(),
    from: z.enum(["range", "scan", "inventory"]).meta({
      description: "Where the machines are from.",
      typeName: "MachineSource",
      valueDescriptions: {
        range: "All that `targets` mean, dead addresses too.",
        scan: "Those of `targets` that have an open port now.",
        inventory: "The approved devices of the appliance.",
      },
    }),
    targets: targetsShape.optional().meta({ description: "For `range` and `scan`: which machines to look among." }),
    allowLarge: z
      .boolean()
      .default(false)
      .meta({ description: `Needed for more than ${LARGE} targets.` }),
    filter: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .meta({
        description: "Only machines whose name or address has this text in it, in any case.",
        examples: ["lib"],
      }),
    labels: z
      .array(z.string().min(1).max(200))
      .min(1)
      .optional()
      .meta({
        description: "For `inventory`: only machines that have one of these labels, by name or id.",
        examples: [["berlin"]],
      }),
    limit: z
      .int()
      .min(0)
      .default(DEFAULT_LIMIT)
      .meta({ description: "How many machines to give at most; 0 for all. The count is that of all." }),
    ports: z
      .array(z.int().min(1).max(65_535))
      .min(1)
      .default([22])
      .meta({ description: "For `scan`: the TCP ports of which one must be open.", examples: [[22, 5985]] }),
    portScanTimeout: duration()
      .refine((text) => durationMs(text) > 0, { error: 'expected more than no time at all, such as "2s"' })
      .default("2s")
      .meta({ description: "For `scan`: how long a port may take to answer." }),
  }),
  outputs: z.object({
    machines: z.array(picked).meta({ description: "The machines, by name." }),
    count: z.int().meta({ description: "How many machines the filter leaves, whatever the limit." }),
  }),
  timeout: "6h",
  examples: pickMachinesExamples,
});

function required(targets: TargetSpec | undefined, from: string): TargetSpec {
  if (targets !== undefined) return targets;
  throw new ProviderError({
    code: "invalid-input",
    path: ["targets"],
    message: `a ${from} needs to be told which machines to look among`,
    hint: 'give `targets`, such as { ipRanges: "192.168.2.1-200" }',
  });
}

function refuse(property: "targets" | "labels" | "organization", from: string): ProviderError {
  return new ProviderError({
    code: "invalid-input",
    path: [property],
    message: `\`${property}\` means nothing where machines are from ${from}`,
    hint: "leave it out",
  });
}

/** `kace:index:pickMachines` (seed A11: Help me pick machines). */
export const pickMachines = definition.handle<ApplianceAccess>(async ({ inputs }, { client, log, signal }) => {
  const { from, targets, labels, allowLarge, filter, limit } = inputs;
  if (from === "inventory" && targets !== undefined) throw refuse("targets", "the inventory");
  for (const property of ["labels", "organization"] as const)
    if (from !== "inventory" && inputs[property] !== undefined) throw refuse(property, `a ${from}`);
  switch (from) {
    case "range": {
      const set = targetsOf(required(targets, from), allowLarge);
      const named = new Set(set.named().map(({ key }) => key));
      if (set.count > named.size)
        log.warn('a range includes addresses where no machine is: with from: "scan" only those are given that answer');
      return pick(walked(set.walk()), filter, limit);
    }
    case "scan": {
      const dns = createDns(systemNames(LOOKUP_TIMEOUT_MS), { timeoutMs: LOOKUP_TIMEOUT_MS, signal });
      const found = await scan(
        {
          targets: required(targets, from),
          allowLarge,
          ports: inputs.ports,
          portScanTimeoutMs: durationMs(inputs.portScanTimeout),
          reverseLookup: true,
        },
        { dns, signal, sweep: sweepPorts },
      );
      return pick(
        found.machines.map(({ address, names }): Machine => ({ machine: names[0] ?? address, address, names })),
        filter,
        limit,
      );
    }
    case "inventory": {
      const machines = await lookingIn(client, inputs).read((appliance) => inventoryMachines(appliance, labels));
      return pick(machines.sort(byName), filter, limit);
    }
    default:
      return from satisfies never;
  }
});

function* walked(targets: Iterable<{ readonly key: string; readonly address?: string }>): Generator<Machine> {
  for (const { key, address } of targets) yield { machine: key, ...(address !== undefined && { address }) };
}

function byName(one: Machine, other: Machine): number {
  return one.machine.localeCompare(other.machine, "en", { numeric: true });
}
