import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import type { Appliance } from "../appliance/appliance.ts";
import { everyPage } from "../appliance/every-page.ts";
import { type MachineFilter, machineFilter } from "../appliance/filter/filter.ts";
import { cycleThrough } from "../appliance/filter/label-graph.ts";
import { MAX_NAME_LENGTH } from "../appliance/operations/fields.ts";
import { listedMachine, MAX_LISTED_MACHINES } from "../appliance/operations/listed-machine.ts";
import { defineResource, type Finding } from "../kit/define/resource.ts";
import { Unknown } from "../kit/define/value.ts";
import { foundOrGone } from "./found-or-gone.ts";
import { inItsOrganization, organizationInput } from "./in-organization.ts";
import { wholly } from "./known.ts";
import { labelExamples } from "./label-examples.ts";
import { findingsOfMissing, labelsOfFilter, type NamedLabel } from "./missing-labels.ts";
import { objectName } from "./object-name.ts";

const definition = defineResource({
  name: "Label",
  description:
    "A set of machines that has a name: listed ones, or all that a filter means at any time. Only approved devices have labels; a listed machine that has not enrolled yet joins when it does. Who has a label changes by itself and is no part of the state: `getLabelMembers` and `kace labels members` say it.",
  inputs: z.object({
    organization: organizationInput(),
    name: objectName()
      .optional()
      .meta({
        description: "Its name, unique in its organization; filters of other labels name it by this.",
        autoname: { maxLength: MAX_NAME_LENGTH },
      }),
    description: z.string().min(1).max(1_000).optional().meta({ description: "What it is for." }),
    machines: z
      .array(listedMachine)
      .max(MAX_LISTED_MACHINES)
      .optional()
      .meta({
        description:
          "Its machines, each by the KUID of its device or by its host name, with or without domain. Without this and without `filter` the label is empty at first, and left to `kace labels apply`.",
        set: true,
        examples: [["web01", "web02.corp.example"]],
      }),
    filter: machineFilter.optional().meta({
      description:
        "Which machines have it, by what they say of themselves and by other labels. Not together with `machines`.",
    }),
  }),
  outputs: z.object({
    kind: z.enum(["manual", "filter"]).meta({
      description: "Whether its machines are listed or meant by a filter.",
      typeName: "LabelKind",
      valueDescriptions: { manual: "Its machines are listed.", filter: "Its filter says which machines have it." },
    }),
  }),
  examples: labelExamples,
});

async function allLabels(appliance: Appliance) {
  return everyPage(async (after) => {
    const { labels, next } = await appliance.listLabels({ limit: 1_000, after });
    return { items: labels, next };
  });
}

/**
 * Where a filter would lead back to its own label, by way of the labels of the program that have come by, and of all
 * others that the appliance has.
 */
async function cycleFindings(
  { urn, organization, name }: { readonly urn: string; readonly organization: string; readonly name: string },
  own: readonly NamedLabel[],
  client: ApplianceAccess,
): Promise<Finding[]> {
  if (own.length === 0) return [];
  // An organization that is still to be made has none.
  const there = (await client.read((appliance) => foundOrGone(allLabels(appliance)))) ?? [];
  const coming = client.names.referring(urn, { kind: "Label", organization });
  // Under a new name a label is still what others mean by the one before.
  const present = new Map(
    coming.flatMap((one) => {
      const before = there.find((label) => label.urn === one.urn)?.name ?? one.before;
      return before === undefined ? [] : [[before, one.name] as const];
    }),
  );
  const named = (label: string) => present.get(label) ?? label;
  const referred = new Map<string, readonly string[]>(
    there.map((label) => [named(label.name), labelsOfFilter(label.filter, []).map((one) => named(one.name))]),
  );
  for (const one of coming) referred.set(one.name, one.names);
  const cycle = cycleThrough(name, referred);
  if (cycle === undefined) return [];
  return [
    {
      path: own.find((one) => one.name === cycle[1])?.path ?? ["filter"],
      reason: `labels would mean themselves: ${cycle.join(" -> ")}; take one of these conditions away`,
    },
  ];
}

/** `kace:index:Label`. */
export const label = inItsOrganization(definition, (appliance, name) => appliance.findLabelByName({ name })).handle({
  async check({ urn, inputs, old }, { client }) {
    if (inputs.machines !== undefined && inputs.filter !== undefined)
      return [
        {
          path: ["filter"],
          reason:
            "a label has `machines` or a `filter`, not both; make two labels, and a third whose filter names both under `any`",
        },
      ];
    const { organization, name } = inputs;
    // What a filter says that is not known yet is looked at when it is set.
    const filter = wholly<{ filter?: MachineFilter | undefined }>({ filter: inputs.filter })?.filter;
    const own = labelsOfFilter(filter, ["filter"]);
    if (typeof name !== "string") return [];
    const missing = await findingsOfMissing(own, { urn, organization }, client);
    if (typeof organization !== "string") return missing;
    const before = typeof old?.["name"] === "string" ? old["name"] : undefined;
    const names = own.map((one) => one.name);
    client.names.refer(urn, { kind: "Label", organization, name }, { before, names });
    return [...missing, ...(await cycleFindings({ urn, organization, name }, own, client))];
  },

  async previewCreate({ inputs }) {
    return {
      kind: inputs.filter instanceof Unknown ? inputs.filter : inputs.filter === undefined ? "manual" : "filter",
    };
  },

  async previewUpdate({ inputs }) {
    return {
      kind: inputs.filter instanceof Unknown ? inputs.filter : inputs.filter === undefined ? "manual" : "filter",
    };
  },

  async create({ urn, logicalName, inputs }, { client }) {
    const { name = logicalName, ...rest } = inputs; // the check has given it a name
    const made = await client.write((appliance) => appliance.saveLabel({ urn, name, ...rest }));
    return { id: made.id, outputs: { kind: made.kind } };
  },

  async read({ id, old }, { client }) {
    const found = await client.read((appliance) => foundOrGone(appliance.getLabel({ id })));
    if (found === undefined) return undefined;
    // What is left to others to put in is theirs to change.
    const isLeftToOthers = old !== undefined && old.inputs.machines === undefined && old.inputs.filter === undefined;
    return {
      inputs: {
        organization: found.organization,
        name: found.name,
        description: found.description ?? null,
        filter: found.filter ?? null,
        ...(!isLeftToOthers && { machines: found.machines ?? null }),
      },
      outputs: { kind: found.kind },
    };
  },

  async update({ id, inputs, old }, { client }) {
    const { name = old.inputs.name ?? id, ...rest } = inputs;
    const saved = await client.write((appliance) => appliance.saveLabel({ id, name, ...rest }));
    return { outputs: { kind: saved.kind } };
  },

  async delete({ id }, { client }) {
    await client.write((appliance) => appliance.deleteLabel({ id }));
  },

  async *list({ limit }, { client }) {
    const page = limit === 0 ? 1_000 : Math.min(limit, 1_000);
    const { labels } = await client.read((appliance) => appliance.listLabels({ limit: page }));
    for (const { id, name } of labels) yield { id, name };
  },
});
