import * as z from "zod";
import { deleted, done, moment, name } from "./fields.ts";
import { defineOperations, role } from "./operation.ts";

const id = z.string().min(1).max(100);

const apiToken = z.object({
  id,
  name: z.string(),
  role,
  /** The one organization that it sees; absent where it sees all of them. */
  organization: z.string().optional(),
  /** Absent where it never ends. */
  expiresAt: moment.optional(),
  /** To about a minute; absent before the first use. */
  lastUsedAt: moment.optional(),
  createdAt: moment,
});

/** An API token as lists show it. */
export type ApiToken = z.output<typeof apiToken>;

export const apiTokenOperations = defineOperations({
  createApiToken: {
    description:
      "Makes a token for the API; its value is given once and never again. A token of one organization can neither see nor change anything of another; whoever is kept to an organization makes tokens of that one only.",
    access: "write",
    role: "admin",
    input: z.object({
      name,
      role: role.default("operator"),
      /** Absent: all organizations. */
      organization: z.string().min(1).max(64).optional(),
      /** In the future. Absent: it never ends. */
      expiresAt: moment.optional(),
    }),
    output: apiToken.extend({ value: z.string() }),
    secretOutput: ["value"],
  },
  checkApiToken: {
    description: "Whose API token a value is, and whether it has expired; null where it is nobody's.",
    access: "read",
    role: "admin",
    reach: "appliance",
    input: z.object({ value: z.string().max(1_000) }),
    output: apiToken.extend({ expired: z.boolean() }).nullable(),
  },
  recordApiTokenUse: {
    description: "Records that an API token was used now.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({ id }),
    output: done,
  },
  listApiTokens: {
    description: "All API tokens by name, without their values.",
    access: "read",
    role: "admin",
    input: z.object({}),
    output: z.object({ apiTokens: z.array(apiToken) }),
  },
  deleteApiToken: {
    description: "Deletes an API token: it is refused from then on.",
    access: "write",
    role: "admin",
    input: z.object({ id }),
    output: deleted,
  },
});
