import * as z from "zod";
import { deleted, moment, namedOrganization, ORGANIZATION_NAME, urn } from "./fields.ts";
import { defineOperations } from "./operation.ts";

/** How an organization is called that is to be made. */
export const organizationName = z
  .string()
  .max(64)
  .regex(ORGANIZATION_NAME, "expected letters, digits, and . _ - between them");

const description = z.string().max(1_000);

const organization = z.object({
  name: z.string(),
  description: z.string().optional(),
  urn: z.string().optional(),
  createdAt: moment,
  updatedAt: moment,
});

/** A part of the appliance whose objects no other part can see. */
export type Organization = z.output<typeof organization>;

export const organizationOperations = defineOperations({
  createOrganization: {
    description:
      "Makes an organization. The same URN again gives back the same one, with the description of this call, so that a create which was killed is finished instead of repeated. A name that is there already is a conflict. Names do not change: they stand in the configuration of those who use them.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({ name: organizationName, description: description.optional(), urn: urn.optional() }),
    output: organization,
  },
  getOrganization: {
    description: "An organization.",
    access: "read",
    input: z.object({ name: namedOrganization }),
    output: organization,
  },
  listOrganizations: {
    description: "The organizations of this appliance that the caller may see, by name.",
    access: "read",
    input: z.object({}),
    output: z.object({ organizations: z.array(organization) }),
  },
  updateOrganization: {
    description: "Changes the description of an organization; null takes it away.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({ name: namedOrganization, description: description.nullable().optional() }),
    output: organization,
  },
  deleteOrganization: {
    description:
      "Deletes an organization. A conflict while anything is in it, which the message names, and for the one there always is.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({ name: namedOrganization }),
    output: deleted,
  },
});
