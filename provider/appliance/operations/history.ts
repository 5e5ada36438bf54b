import * as z from "zod";
import { after, limit, moment, namedOrganization, next } from "./fields.ts";
import { defineOperations } from "./operation.ts";

const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const entry = z.object({
  sequence: z.int(),
  at: moment,
  /** `deploy@ci-7`, or `token ci-7` of an API token. */
  who: z.string(),
  /** The operation: `updateToken`. */
  what: z.string(),
  /** `token:token-1f…`, `device:<kuid>`. */
  subject: z.string(),
  subjectName: z.string(),
  /** Of a secret only that it changed. */
  changes: z.array(z.object({ property: z.string(), from: value, to: value })),
});

/** One change: what, when, by whom. */
export type HistoryEntry = z.output<typeof entry>;

export const historyOperations = defineOperations({
  listHistory: {
    description:
      "Every change of settings and every order, latest first: what, when, by whom, from what to what. Of secrets only that they changed. Reports of machines (connections, inventory, outcomes) are not changes of settings.",
    access: "read",
    input: z.object({
      /** Of what is in one organization; where none is named, of all of the appliance that the caller may see. */
      organization: namedOrganization.optional(),
      /** Of one thing: `token:token-1f…`, or the name it had. */
      subject: z.string().min(1).max(300).optional(),
      /** By whom: a part of the name, in any case. */
      who: z.string().min(1).max(300).optional(),
      /** Which operation: a part of its name, in any case. */
      what: z.string().min(1).max(100).optional(),
      /** From this moment on. */
      since: moment.optional(),
      /** Before this moment. */
      until: moment.optional(),
      limit,
      after,
    }),
    output: z.object({ entries: z.array(entry), next }),
  },
});
