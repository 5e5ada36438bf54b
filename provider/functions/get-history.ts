import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import { momentFrom } from "../appliance/moment-text.ts";
import type { HistoryEntry } from "../appliance/operations/history.ts";
import { defineFunction } from "../kit/define/function.ts";
import { lookingIn, organizationArgument } from "./in-organization.ts";

const PAGE = 1_000;

const when = z.string().refine((text) => momentFrom(text, 0) !== undefined, {
  error: 'expected a date ("2027-06-30"), a moment ("2027-06-30T18:00:00+02:00") or how long ago ("24h")',
});

const change = z
  .object({
    property: z.string().meta({ description: "What changed." }),
    from: z.string().optional().meta({ description: "What it was; absent if it was not there." }),
    to: z.string().optional().meta({ description: "What it became; absent if it is gone. Of a secret: `[secret]`." }),
  })
  .meta({ typeName: "RecordedChange", description: "A property before and after." });

const entry = z
  .object({
    at: z.string().meta({ description: "When, RFC 3339." }),
    who: z.string().meta({ description: "Who: `user@host`, or `token <name>` where it came by an API token." }),
    what: z.string().meta({ description: "The operation, such as `updateToken`." }),
    subject: z.string().meta({ description: "Of what, such as `token:token-1f…`." }),
    name: z.string().meta({ description: "The name that it had." }),
    changes: z.array(change).meta({ description: "What was before and what after." }),
  })
  .meta({ typeName: "RecordedEvent", description: "A change of settings." });

const definition = defineFunction({
  name: "getHistory",
  description:
    "Who changed what on the appliance, and when, latest first. Of secrets it says only that they changed. What machines report (connections, inventories, results) is no change of settings. Where no organization is named, neither here nor for the provider, it is what was changed in all that the API token is for.",
  inputs: z.object({
    organization: organizationArgument(),
    since: when.optional().meta({
      description: "From when on: a date (its beginning in UTC), a moment, or how long ago.",
      examples: ["2027-06-30", "24h"],
    }),
    until: when.optional().meta({ description: "Until when, without that moment itself; as `since`." }),
    who: z.string().min(1).max(300).optional().meta({ description: "By whom: a part of the name, in any case." }),
    what: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: "Which operations: a part of the name, in any case.", examples: ["token"] }),
    subject: z
      .string()
      .min(1)
      .max(300)
      .optional()
      .meta({ description: "Of what: its name, or its subject as an entry says it.", examples: ["berlin"] }),
    limit: z.int().min(1).max(100_000).default(100).meta({ description: "How many entries to give at most." }),
  }),
  outputs: z.object({
    entries: z.array(entry).meta({ description: "The latest first." }),
    truncated: z.boolean().meta({ description: "Whether there are older ones that fit." }),
  }),
  examples: [
    {
      title: "What was changed since yesterday",
      yaml: `name: history
runtime: yaml
variables:
  history:
    fn::invoke:
      function: kace:getHistory
      arguments:
        since: 24h
outputs:
  entries: \${history.entries}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";

export const entries = kace.getHistoryOutput({ since: "24h" }).entries;
`,
      python: `import pulumi
import pulumi_kace as kace

pulumi.export("entries", kace.get_history_output(since="24h").entries)
`,
    },
  ],
});

function eventOf({ at, who, what, subject, subjectName, changes }: HistoryEntry): z.output<typeof entry> {
  return { at, who, what, subject, name: subjectName, changes: changes.map(changeOf) };
}

function changeOf({ property, from, to }: HistoryEntry["changes"][number]): z.output<typeof change> {
  return {
    property,
    ...(from !== null && { from: String(from) }),
    ...(to !== null && { to: String(to) }),
  };
}

/** `kace:index:getHistory` (seed A1). */
export const getHistory = definition.handle<ApplianceAccess>(async ({ inputs }, { client }) => {
  const { organization, since, until, limit, ...query } = inputs;
  const now = Date.now();
  const window = {
    ...(since !== undefined && { since: momentFrom(since, now) }),
    ...(until !== undefined && { until: momentFrom(until, now) }),
  };
  return lookingIn(client, { organization }).read(async (appliance) => {
    const entries: HistoryEntry[] = [];
    let after: string | undefined;
    do {
      const page = await appliance.listHistory({
        ...query,
        ...window,
        limit: Math.min(PAGE, limit - entries.length),
        after,
      });
      entries.push(...page.entries);
      after = page.next;
    } while (after !== undefined && entries.length < limit);
    return { entries: entries.map(eventOf), truncated: after !== undefined };
  });
});
