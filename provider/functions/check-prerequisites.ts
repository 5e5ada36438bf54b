import * as z from "zod";
import { FLAVOUR_NAMES } from "../agent/agent.ts";
import type { ApplianceAccess } from "../appliance/access.ts";
import { outcomeClass } from "../appliance/operations/outcome-words.ts";
import { ProviderError } from "../kit/define/errors.ts";
import { defineFunction } from "../kit/define/function.ts";
import { durationMs } from "../kit/define/scalars.ts";
import { serverToDiagnose } from "../rollout/diagnosis-means.ts";
import { createDns } from "../rollout/dns/dns.ts";
import { nameServer, systemNames } from "../rollout/dns/name-source.ts";
import { readPins } from "../rollout/host-key-pins.ts";
import { linuxAccessOfCall, logInOf } from "../rollout/linux-access.ts";
import { probePorts } from "../rollout/ports/sweep.ts";
import { checkPrerequisites as check, type PrerequisitesQuestion } from "../rollout/prerequisites/check.ts";
import { REQUIREMENTS } from "../rollout/prerequisites/requirement.ts";
import { wantedAgent } from "../rollout/prerequisites/wanted.ts";
import { limit, version } from "../rollout/scalars.ts";
import { targetsShape } from "../rollout/targets/shape.ts";
import { agentServer } from "./agent-server.ts";
import { checkPrerequisitesExamples } from "./check-prerequisites-examples.ts";
import { targetsOf } from "./expand-targets.ts";

/** An answer has some twenty lines for each machine. */
const MAX_MACHINES = 1_000;

const line = z
  .object({
    requirement: z.enum(REQUIREMENTS).meta({
      typeName: "PrerequisiteRequirement",
      description: "What is asked of the machine.",
    }),
    state: z.enum(["met", "not-met", "not-measured"]).meta({
      typeName: "PrerequisiteState",
      description: "How it is; `not-measured` where it could not be looked at from here.",
    }),
    message: z.string().meta({ description: "What was found, in words." }),
    repair: z.string().optional().meta({ description: "What to do where it is not met." }),
    command: z
      .string()
      .optional()
      .meta({ description: "What shows it on the machine itself, where it was not measured." }),
  })
  .meta({ typeName: "PrerequisiteLine", description: "How one requirement stands." });

const machine = z
  .object({
    machine: z.string().meta({ description: "As the targets name it." }),
    address: z.string().optional().meta({ description: "Where it was reached, if it was given by name." }),
    ready: z.boolean().meta({
      description:
        "True if nothing was found to be in the way; of a Windows machine, if one way in is open: WinRM, or SMB by both of its ports.",
    }),
    noLook: z
      .object({
        class: outcomeClass.meta({ description: "How a run would count it.", typeName: "OutcomeClass" }),
        code: z.string().meta({ description: "What it would be called: one of `docs/outcomes.md`." }),
        message: z.string().meta({ description: "What happened, in words." }),
        hint: z.string().optional().meta({ description: "What to do about it." }),
      })
      .optional()
      .meta({
        typeName: "PrerequisiteNoLook",
        description: "Why a Linux machine could not be looked at; absent where it was.",
      }),
    lines: z
      .array(line)
      .meta({ description: "One for each requirement, in the order in which an installation comes upon them." }),
  })
  .meta({ typeName: "MachinePrerequisites", description: "How one machine stands." });

const definition = defineFunction({
  name: "checkPrerequisites",
  description:
    "What stands in the way of an installation, machine by machine: one line for each requirement, measured where it can be, with the repair. Linux machines are logged in to and looked at; of Windows machines the ports are looked at, and for the rest the command is given that shows it there. Writes nothing, neither on the machines nor on the appliance.",
  inputs: z.object({
    targets: targetsShape,
    platform: z
      .enum(["linux", "windows"])
      .default("linux")
      .meta({
        typeName: "PrerequisitePlatform",
        description: "What the machines run.",
        valueDescriptions: { linux: "Linux, reached over SSH.", windows: "Windows: looked at from outside." },
      }),
    linux: z.object(linuxAccessOfCall).optional().meta({
      typeName: "LinuxAccess",
      description: "How Linux machines are reached and logged in to, as in a `ProvisioningConfig`.",
    }),
    agent: z
      .object({
        bundle: z
          .string()
          .min(1)
          .optional()
          .meta({ description: "The id of the `AgentBundle` to install from: then its packages are looked at too." }),
        flavour: z
          .enum(FLAVOUR_NAMES)
          .default("reference")
          .meta({ typeName: "PrerequisiteFlavour", description: "The kind of agent, where no bundle is named." }),
        version: version()
          .optional()
          .meta({ description: "The version to install. Default: the newest of the bundle." }),
      })
      .optional()
      .meta({ typeName: "PrerequisiteAgent", description: "What is to be installed." }),
    server: agentServer
      .optional()
      .meta({ typeName: "PrerequisiteServer", description: "Where agents will connect to: tried from each machine." }),
    nameServer: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "The name server to ask for the targets. Default: the system's." }),
    portScanTimeout: limit()
      .default("2s")
      .meta({ description: "How long a port of a Windows machine may take to answer." }),
  }),
  outputs: z.object({
    ready: z.boolean().meta({ description: "True if every machine is." }),
    machines: z.array(machine).meta({ description: "One for each target, in their order." }),
  }),
  examples: checkPrerequisitesExamples,
});

/** `kace:index:checkPrerequisites` (seed A4). */
export const checkPrerequisites = definition.handle<ApplianceAccess>(async ({ inputs }, { client, signal }) => {
  const targets = targetsOf(inputs.targets, false);
  if (targets.count > BigInt(MAX_MACHINES))
    throw new ProviderError({
      code: "invalid-input",
      path: ["targets"],
      message: `these are ${targets.count} machines, and at most ${MAX_MACHINES} can be checked at once`,
      hint: "name fewer of them",
    });
  const dnsTimeoutMs = 2_000;
  const names =
    inputs.nameServer === undefined ? systemNames(dnsTimeoutMs) : nameServer(inputs.nameServer, dnsTimeoutMs);
  return client.read(async (appliance) => {
    const machines = await check(await questionOf(), {
      dns: createDns(names, { timeoutMs: dnsTimeoutMs, signal }),
      pins: await readPins(appliance),
      ask: probePorts,
      signal,
      nowMs: Date.now,
    });
    return {
      ready: machines.every(({ ready }) => ready),
      machines: machines.map(({ lines, ...one }) => ({ ...one, lines: [...lines] })),
    };

    async function questionOf(): Promise<PrerequisitesQuestion> {
      if (inputs.platform === "windows")
        return { platform: "windows", targets: targets.walk(), portTimeoutMs: durationMs(inputs.portScanTimeout) };
      if (inputs.linux === undefined)
        throw new ProviderError({
          code: "invalid-input",
          path: ["linux"],
          message: "there is nothing to log in with",
          hint: "give `linux` with a `username` and a `password`, `privateKey` or `agentSocket`, or `platform: windows`",
        });
      const server = serverToDiagnose(inputs.server, await appliance.serverStatus({}));
      const { bundle: id, flavour, version: wantedVersion } = inputs.agent ?? { flavour: "reference" };
      const bundle = id === undefined ? undefined : await appliance.getBundle({ id });
      const wanted = wantedAgent({ bundle, flavour, version: wantedVersion, server });
      return { platform: "linux", targets: targets.walk(), logIn: logInOf(inputs.linux), wanted };
    }
  });
});
