import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import { requireReach } from "../appliance/access-in-organization.ts";
import { DEFAULT_ORGANIZATION } from "../appliance/operations/fields.ts";
import type { Organization } from "../appliance/operations/organizations.ts";
import { ProviderError } from "../kit/define/errors.ts";
import { defineResource, type Identity } from "../kit/define/resource.ts";
import { foundOrGone } from "./found-or-gone.ts";
import { organizationExamples } from "./organization-examples.ts";
import { findingsOfTwins, refuseTaken, type WantedName, warnOfMaker } from "./unique-names.ts";

const MAX_NAME_LENGTH = 64;

const definition = defineResource({
  name: "Organization",
  description:
    "A part of the appliance with tokens, bundles, configurations, devices and settings of its own: whoever is kept to one organization can neither see nor change anything of another. Resources and functions name it by their `organization`, and a provider with `organization` works in it as a whole. It cannot be deleted while anything is in it. Imported by its name.",
  inputs: z.object({
    name: z
      .string()
      .max(MAX_NAME_LENGTH)
      .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/, {
        error: 'expected letters, digits, and ".", "_" or "-" between them',
      })
      .refine((name) => name !== "default", { error: 'there is always one called "default": choose another name' })
      .optional()
      .meta({
        description: "Its name, unique on the appliance. It does not change: another one is another organization.",
        replaces: true,
        autoname: { maxLength: MAX_NAME_LENGTH },
        examples: ["berlin"],
      }),
    description: z.string().max(1_000).optional().meta({ description: "What it is for, for people." }),
  }),
  outputs: z.object({}),
  examples: organizationExamples,
});

function inputsOf({ name, description }: Organization) {
  return { name, description: description ?? null };
}

function wantedOf({ urn, logicalName }: Identity, given: unknown): WantedName | undefined {
  const name = given ?? logicalName;
  return typeof name === "string"
    ? { urn, thing: { kind: "Organization", organization: "", name }, path: ["name"] }
    : undefined;
}

/** `kace:index:Organization`. */
export const organization = definition.handle<ApplianceAccess>({
  async check({ inputs: { name }, ...asked }, { client }) {
    const wanted = wantedOf(asked, name);
    return wanted === undefined ? [] : findingsOfTwins(client, wanted);
  },

  async previewCreate({ inputs: { name }, ...asked }, { client, log }) {
    const wanted = wantedOf(asked, name);
    if (wanted === undefined) return {};
    const called = wanted.thing.name;
    const holder = await client.read((appliance) => foundOrGone(appliance.getOrganization({ name: called })));
    refuseTaken(wanted, holder && { id: called, urn: holder.urn }, { log });
    return {};
  },

  async create({ urn, logicalName, inputs, exists }, { client }) {
    const made = await client.write((appliance) =>
      appliance.createOrganization({
        urn,
        name: inputs.name ?? logicalName, // the check has given it a name
        description: inputs.description,
      }),
    );
    exists(made.name, {});
    return { id: made.name, outputs: {} };
  },

  async read({ id, urn, old, isImport }, { client, log }) {
    if (id === DEFAULT_ORGANIZATION)
      throw new ProviderError({
        code: "invalid-input",
        message: `the organization "${id}" is always there: no program makes or deletes it`,
        hint: "write its name where it is meant; `pulumi state delete` takes it out of a stack that has it",
      });
    if (old !== undefined) await requireReach(client, id);
    const found = await client.read((appliance) => foundOrGone(appliance.getOrganization({ name: id })));
    if (found === undefined) return undefined;
    if (isImport === true) warnOfMaker({ id, urn: found.urn }, urn, log);
    return { inputs: inputsOf(found), outputs: {} };
  },

  async update({ id, inputs }, { client }) {
    await client.write((appliance) =>
      appliance.updateOrganization({ name: id, description: inputs.description ?? null }),
    );
    return { outputs: {} };
  },

  async delete({ id }, { client }) {
    await requireReach(client, id);
    await client.write((appliance) => appliance.deleteOrganization({ name: id }));
  },

  async *list({ limit }, { client }) {
    const { organizations } = await client.read((appliance) => appliance.listOrganizations({}));
    const made = organizations.filter(({ name }) => name !== "default");
    for (const { name } of limit === 0 ? made : made.slice(0, limit)) yield { id: name, name };
  },
});
