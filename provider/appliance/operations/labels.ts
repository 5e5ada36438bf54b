import * as z from "zod";
import { machineFilter } from "../filter/filter.ts";
import { kuid } from "./device-words.ts";
import { after, deleted, limit, moment, name, next, organization, urn } from "./fields.ts";
import { listedMachine, MAX_LISTED_MACHINES } from "./listed-machine.ts";
import { defineOperations } from "./operation.ts";

const id = z.string().min(1).max(100);

const machines = z.array(listedMachine).max(MAX_LISTED_MACHINES);

const label = z.object({
  id,
  organization: z.string(),
  name: z.string(),
  urn: z.string().optional(),
  description: z.string().optional(),
  /** `manual`: it has the machines that are listed; `filter`: those that its filter means. */
  kind: z.enum(["manual", "filter"]),
  /** Of a manual one: as they were named, whether they have enrolled or not. */
  machines: machines.optional(),
  /** Of one by filter. Conditions name other labels by their present names. */
  filter: machineFilter.optional(),
  createdAt: moment,
  updatedAt: moment,
});

/** A set of machines that has a name. */
export type Label = z.output<typeof label>;

const listedLabel = label.omit({ machines: true }).extend({
  /** How many approved devices have it now. */
  members: z.int(),
  /** How many of the machines in a manual one have no approved device. */
  pending: z.int(),
});

/** A label as lists show it, with how many machines it has. */
export type ListedLabel = z.output<typeof listedLabel>;

const member = z.object({
  kuid,
  hostname: z.string(),
  /** The first of its addresses. */
  address: z.string().optional(),
  connected: z.boolean(),
});

/** A machine that has a label. */
export type LabelMember = z.output<typeof member>;

export const labelOperations = defineOperations({
  saveLabel: {
    description:
      "Makes a label, or changes the one of the given id or URN. With `filter` it is by filter; with `machines` it has just these; with neither it is by hand, and the machines it has stay. A name that another label of the organization has is a conflict, as is a filter that leads back to the label itself by way of other labels.",
    access: "write",
    input: z.object({
      organization,
      id: id.optional(),
      urn: urn.optional(),
      name,
      description: z.string().max(1_000).optional(),
      machines: machines.optional(),
      filter: machineFilter.optional(),
    }),
    output: label,
  },
  changeLabelMachines: {
    description:
      "Puts machines into a label that is by hand, or takes them out; what is there, or gone, already is no error.",
    access: "write",
    input: z.object({ id, add: machines.default([]), remove: machines.default([]) }),
    output: z.object({
      added: z.int(),
      removed: z.int(),
      /** What was to be taken out and is not in it, as it was named; absent where there is none. */
      missing: machines.optional(),
    }),
  },
  getLabel: {
    description: "A label.",
    access: "read",
    input: z.object({ id }),
    output: label,
  },
  findLabelByName: {
    description: "The label of a name; null where there is none.",
    access: "read",
    input: z.object({ organization, name }),
    output: label.nullable(),
  },
  listLabels: {
    description: "All labels of an organization by name, with how many machines they have.",
    access: "read",
    input: z.object({ organization, limit, after }),
    output: z.object({ labels: z.array(listedLabel), next }),
  },
  listLabelMembers: {
    description:
      "The approved devices that have a label now, by KUID, and the machines that it lists of which there is no approved device yet.",
    access: "read",
    input: z.object({ id, limit, after }),
    output: z.object({ members: z.array(member), pending: z.array(z.string()), next }),
  },
  deleteLabel: {
    description: "Deletes a label. A conflict while something uses it; the machines are left alone.",
    access: "write",
    input: z.object({ id }),
    output: deleted,
  },
});
