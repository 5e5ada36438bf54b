import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import { providerErrorOf } from "../appliance/access.ts";
import type { Input } from "../appliance/appliance.ts";
import { isAnothers } from "../appliance/claim.ts";
import { ApplianceError } from "../appliance/errors.ts";
import { DEFAULT_ORGANIZATION } from "../appliance/operations/fields.ts";
import type { Settings } from "../appliance/operations/settings.ts";
import {
  MAX_INTERVAL_SECONDS,
  MAX_SPLASH_CHARACTERS,
  MAX_TASK_THROUGHPUT,
  MIN_INTERVAL_SECONDS,
} from "../appliance/operations/settings-limits.ts";
import { defineResource } from "../kit/define/resource.ts";
import { type Duration, duration, durationMs } from "../kit/define/scalars.ts";
import { findingsIn, findingsOfLoad, findingsOfOrganization } from "./agent-settings-check.ts";
import { agentSettingsExamples } from "./agent-settings-examples.ts";
import { type Asking, claimOf, managedBy, refuseAnothers } from "./anothers.ts";
import { foundOrGone } from "./found-or-gone.ts";
import { inItsOrganization, organizationInput } from "./in-organization.ts";
import { wholly } from "./known.ts";

const timeOfDay = () =>
  z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'expected a time of day from "00:00" to "23:59"' });

const window = z
  .object({
    from: timeOfDay().meta({ description: "When it begins.", examples: ["22:00"] }),
    to: timeOfDay().meta({
      description: "When it ends; on the next day where that is not after the beginning.",
      examples: ["06:00"],
    }),
  })
  .meta({ typeName: "CommunicationsWindow", description: "A time of every day, by each machine's own clock." });

const secondsOf = (text: Duration) => durationMs(text) / 1_000;

function isInterval(text: Duration): boolean {
  const seconds = secondsOf(text);
  return Number.isInteger(seconds) && seconds >= MIN_INTERVAL_SECONDS && seconds <= MAX_INTERVAL_SECONDS;
}

const interval = () =>
  duration().refine(isInterval, { error: 'expected from "1m" to "30d", in whole seconds, such as "2h"' });

const inventoryInterval = duration().refine((text) => secondsOf(text) === 0 || isInterval(text), {
  error: 'expected "0s" for every check-in, or from "1m" to "30d", in whole seconds, such as "4h"',
});

const definition = defineResource({
  name: "AgentSettings",
  description:
    "What the agents of an organization live by: when and how often they check in, and what they bring. An organization has one; it takes over what was set before, and deleting it gives the defaults back. Connected agents hear of a change within seconds, all others when they come back. It is imported by the name of the organization.",
  inputs: z.object({
    organization: organizationInput(),
    communicationsWindow: window.optional().meta({
      description:
        "When agents may check in, by the local time of each machine; a check-in that is due outside of it waits for its beginning. Agents stay connected, and one that is asked to check in does so at any time. Default: always (`00:00` to `00:00`).",
    }),
    runInterval: interval()
      .optional()
      .meta({
        description: "How often agents check in, from `1m` to `30d`. Default: `1h`.",
        examples: ["2h"],
      }),
    inventoryInterval: inventoryInterval.optional().meta({
      description:
        "How often they bring their inventory, at the check-in when it is due: `4h` with a run interval of `2h` is every other time. Default: `0s`, every time.",
      examples: ["4h"],
    }),
    splashText: z
      .string()
      .max(MAX_SPLASH_CHARACTERS)
      .regex(/^\P{Cc}*$/u, { error: "expected text without line ends and other control characters" })
      .optional()
      .meta({
        description:
          "What users who are logged in read when the agent begins a script or its own update; empty: nothing. Default: a sentence that asks them to wait.",
      }),
    scriptingUpdateInterval: interval().optional().meta({
      description:
        "How often agents look for the latest scripts, those that run at a time of their own: each agent keeps them until then. Default: `8h`.",
    }),
    logRetention: z
      .enum(["saveAll", "off"])
      .optional()
      .meta({
        description: "Whether the appliance keeps what scripts say. Default: `saveAll`.",
        valueDescriptions: { saveAll: "Keep all of it.", off: "Keep none, to save disk space." },
      }),
    taskThroughput: z
      .int()
      .min(1)
      .max(MAX_TASK_THROUGHPUT)
      .optional()
      .meta({
        description:
          "How many check-ins and scheduled tasks the appliance works on at once, over all organizations: only the settings of the organization `default` have it. It may be lowered at any time, and raised only while the load average of the appliance's host is at most 10.0 and more than 15 minutes after its last change; too early is refused with the time when it may. Left out, it stays as it is (50 at first).",
        examples: [80],
      }),
    maxCheckInsPerHour: z.int().min(1).max(10_000_000).optional().meta({
      description:
        "The most check-ins an hour, over all organizations, before a preview warns: only the settings of the organization `default` have it. Default: 500, as the vendor advises.",
    }),
  }),
  outputs: z.object({ managedBy }),
  deleteBeforeReplace: true,
  examples: agentSettingsExamples,
});

type Inputs = Parameters<Parameters<typeof definition.handle>[0]["create"]>[0]["inputs"];

/** What a program says, as the appliance takes it: what is left out has its default, but the throughput stays. */
function changesOf(inputs: Inputs, organization: string | undefined): Omit<Input<"updateSettings">, "organization"> {
  const seconds = (text: Duration | undefined) => (text === undefined ? null : secondsOf(text));
  const isDefault = organization === undefined || organization === DEFAULT_ORGANIZATION;
  return {
    communicationsWindow: inputs.communicationsWindow ?? null,
    runIntervalSeconds: seconds(inputs.runInterval),
    inventoryIntervalSeconds: seconds(inputs.inventoryInterval),
    splashText: inputs.splashText ?? null,
    scriptingUpdateIntervalSeconds: seconds(inputs.scriptingUpdateInterval),
    logRetention: inputs.logRetention ?? null,
    ...(inputs.taskThroughput !== undefined && { taskThroughput: inputs.taskThroughput }),
    ...(isDefault || inputs.maxCheckInsPerHour !== undefined
      ? { maxCheckInsPerHour: inputs.maxCheckInsPerHour ?? null }
      : {}),
  };
}

/** Seconds as a program would write them, in the form it wrote them in where that means the same. */
export function intervalOf(seconds: number | undefined, written: Duration | undefined): Duration | null {
  if (seconds === undefined) return null;
  if (written !== undefined && secondsOf(written) === seconds) return written;
  if (seconds > 0 && seconds % 3_600 === 0) return `${seconds / 3_600}h`;
  if (seconds > 0 && seconds % 60 === 0) return `${seconds / 60}m`;
  return `${seconds}s`;
}

/** What a program would say to have these settings. */
function inputsOf({ organization, given, appliance }: Settings, old: Inputs | undefined) {
  // Who leaves the throughput out does not ask for one; an import shows the one that was set.
  const showsThroughput = old === undefined ? appliance.taskThroughputGiven : old.taskThroughput !== undefined;
  const isDefault = organization === DEFAULT_ORGANIZATION;
  return {
    organization,
    communicationsWindow: given.communicationsWindow ?? null,
    runInterval: intervalOf(given.runIntervalSeconds, old?.runInterval),
    inventoryInterval: intervalOf(given.inventoryIntervalSeconds, old?.inventoryInterval),
    splashText: given.splashText ?? null,
    scriptingUpdateInterval: intervalOf(given.scriptingUpdateIntervalSeconds, old?.scriptingUpdateInterval),
    logRetention: given.logRetention ?? null,
    taskThroughput: isDefault && showsThroughput ? appliance.taskThroughput : null,
    maxCheckInsPerHour: isDefault && appliance.maxCheckInsPerHourGiven ? appliance.maxCheckInsPerHour : null,
  };
}

/** Writes settings; what the appliance does not allow now is said at the property that asks for it. */
async function save(
  client: ApplianceAccess,
  {
    asking,
    organization,
    inputs,
  }: { readonly asking: Asking; readonly organization?: string; readonly inputs: Inputs },
): Promise<Settings> {
  return client.write(async (appliance) => {
    const named = organization === undefined ? {} : { organization };
    try {
      const own = organization ?? (await appliance.getSettings({})).organization;
      return await appliance.updateSettings({ ...named, ...claimOf(asking), ...changesOf(inputs, own) });
    } catch (error) {
      if (!(error instanceof ApplianceError && error.code === "not-now")) throw error;
      throw providerErrorOf(error, ["taskThroughput"]);
    }
  });
}

/** What the settings are called where they belong to another resource. */
const WORDS = { what: "the settings", belong: "belong", repair: "kace settings reset" } as const;

/** `kace:index:AgentSettings`. */
export const agentSettings = inItsOrganization(definition).handle({
  async check({ inputs }, { client }) {
    const { communicationsWindow, runInterval, inventoryInterval: inventory, taskThroughput } = inputs;
    // What is not known yet is looked at when it is set.
    const known = wholly({
      communicationsWindow,
      runInterval,
      inventoryInterval: inventory,
      taskThroughput,
      maxCheckInsPerHour: inputs.maxCheckInsPerHour,
    });
    if (known === undefined) return [];
    const found = findingsIn(known);
    return client.read(async (appliance) => {
      const settings = await foundOrGone(appliance.getSettings({}));
      // An organization that is still to be made has no agents, and is not the one that there always is.
      if (settings === undefined)
        return typeof inputs.organization === "string"
          ? [...found, ...findingsOfOrganization(inputs.organization, known)]
          : found;
      const load = await appliance.checkInLoad({});
      const { organization } = settings;
      return [...found, ...findingsOfOrganization(organization, known), ...findingsOfLoad(organization, load, known)];
    });
  },

  async previewCreate({ urn }, { client }) {
    refuseAnothers(await client.read((appliance) => foundOrGone(appliance.getSettings({}))), { urn }, WORDS);
    return {};
  },

  async previewUpdate({ id, urn, old }, { client }) {
    const found = await client.read((appliance) => foundOrGone(appliance.getSettings({ organization: id })));
    refuseAnothers(found, { urn, old }, WORDS);
    return {};
  },

  async create({ urn, inputs }, { client }) {
    const { organization } = await save(client, { asking: { urn }, inputs });
    return { id: organization, outputs: { managedBy: urn } };
  },

  async read({ id, urn, old, isImport }, { client }) {
    const found = await client.read((appliance) => foundOrGone(appliance.getSettings({ organization: id })));
    // Nobody set anything, or somebody gave the defaults back, or to another resource.
    if (found === undefined || !found.exists) return undefined;
    if (old !== undefined && isAnothers(found.urn, claimOf({ urn, old }))) return undefined;
    if (isImport === true) refuseAnothers(found, { urn }, WORDS);
    return {
      inputs: inputsOf(found, old?.inputs),
      outputs: { managedBy: old?.outputs.managedBy ?? found.urn ?? urn },
    };
  },

  async update({ id, urn, inputs, old }, { client }) {
    await save(client, { asking: { urn, old }, organization: id, inputs });
    return { outputs: { managedBy: urn } };
  },

  async delete({ id, urn, old }, { client, log }) {
    const { taskThroughputKept } = await client.write((appliance) =>
      appliance.resetSettings({
        organization: id,
        ...claimOf({ urn, old }),
        taskThroughput: old.inputs.taskThroughput !== undefined,
      }),
    );
    if (taskThroughputKept) log.warn("taskThroughput: it stays as low as it is: it may not rise to its default now");
  },

  async *list(_request, { client }) {
    const found = await client.read((appliance) => appliance.getSettings({}));
    if (found.exists) yield { id: found.organization, name: found.organization };
  },
});
