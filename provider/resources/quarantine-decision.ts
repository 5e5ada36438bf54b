import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import type { Appliance, Input } from "../appliance/appliance.ts";
import { everyPage } from "../appliance/every-page.ts";
import { kuid } from "../appliance/operations/device-words.ts";
import { MAX_NAME_LENGTH } from "../appliance/operations/fields.ts";
import { quarantineRule, verdict } from "../appliance/operations/quarantine-words.ts";
import type { Context } from "../kit/define/call.ts";
import type { PreviewOf } from "../kit/define/plain.ts";
import { defineResource } from "../kit/define/resource.ts";
import { foundOrGone } from "./found-or-gone.ts";
import { inItsOrganization, organizationInput } from "./in-organization.ts";
import { objectName } from "./object-name.ts";
import { quarantineDecisionExamples } from "./quarantine-decision-examples.ts";

/** What a rule is asked by that says nothing else. */
const DEFAULT_PRIORITY = 100;

const inputs = z.object({
  organization: organizationInput(),
  name: objectName()
    .optional()
    .meta({ description: "Its name, unique in its organization.", autoname: { maxLength: MAX_NAME_LENGTH } }),
  decision: verdict.meta({
    description: "What becomes of the devices.",
    typeName: "QuarantineVerdict",
    valueDescriptions: {
      approve: "They are let in, as with a valid token.",
      block: "They are shut out, whatever token they bring later.",
    },
  }),
  kuid: kuid.optional().meta({
    description:
      "The one device that this is about, by its KUID. It need not have enrolled yet, and may be in any state.",
    examples: ["6f1d1c2e-0f6b-4c53-9d0c-2f7e8a1b9c3d"],
  }),
  rule: quarantineRule.optional().meta({
    description:
      "Which devices in quarantine this is about, now and later, by what they say of themselves. Whoever can reach the server can say anything: where that is not only your own machines, let tokens approve, and rules block.",
  }),
  priority: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .meta({
      description: `When a rule is asked: the lowest first, of equal ones by name, and the first that means a device decides. Default: ${DEFAULT_PRIORITY}.`,
    }),
});

const definition = defineResource({
  name: "QuarantineDecision",
  description:
    "What becomes of devices that came without a valid token: one device is approved or blocked by its KUID, or by a rule all in quarantine that it means, and those that come later. Deleting a decision about one device undoes it: the device is in quarantine again, unless somebody has decided otherwise since, or it was approved before. What a rule has decided stays.",
  inputs,
  outputs: z.object({
    inForce: z.boolean().meta({
      description:
        "False where somebody has decided otherwise about the device, as by `kace quarantine`: the next update decides anew.",
    }),
  }),
  drift: ({ outputs }) => (outputs.inForce === false ? [["inForce"]] : []),
  deleteBeforeReplace: true,
  examples: quarantineDecisionExamples,
});

function said({
  decision,
  kuid: device,
  rule,
  priority,
}: z.output<typeof inputs>): Omit<Input<"saveQuarantineDecision">, "name"> {
  return { verdict: decision, kuid: device, rule, priority: priority ?? DEFAULT_PRIORITY };
}

async function allDecisions(appliance: Appliance) {
  return everyPage(async (after) => {
    const { decisions: items, next } = await appliance.listQuarantineDecisions({ limit: 1_000, after });
    return { items, next };
  });
}

async function holderOf(appliance: Appliance, name: string) {
  return (await allDecisions(appliance)).find((decision) => decision.name === name);
}

/**
 * Says in a preview where something else decides about the same device: the update is refused, unless it takes that away
 * before.
 */
async function warnOfOther(
  {
    id,
    urn,
    given,
  }: { readonly id?: string; readonly urn: string; readonly given: PreviewOf<z.output<typeof inputs>> },
  { client, log }: Pick<Context<ApplianceAccess>, "client" | "log">,
): Promise<void> {
  const { kuid: device } = given;
  if (typeof device !== "string") return;
  const decisions = (await client.read((appliance) => foundOrGone(allDecisions(appliance)))) ?? [];
  const other = decisions.find((one) => one.kuid === device && one.id !== id && one.urn !== urn);
  if (other === undefined) return;
  log.warn(
    `kuid: "${other.name}" (${other.urn ?? other.id}) is about device ${device} already: unless the same update takes that one away first, this is refused; a device has one decision only`,
  );
}

/** `kace:index:QuarantineDecision`. */
export const quarantineDecision = inItsOrganization(definition, holderOf).handle({
  async check({ urn, inputs: given }, { client }) {
    if (given.kuid === undefined && given.rule === undefined)
      return [{ path: [], reason: "expected `kuid`, for one device, or a `rule`, for all that it means" }];
    if (given.kuid === undefined) return [];
    if (given.rule !== undefined)
      return [{ path: ["rule"], reason: "a decision is about one device (`kuid`) or by a `rule`, not both" }];
    if (given.priority !== undefined)
      return [
        { path: ["priority"], reason: "only rules have an order; a decision about one device comes before them" },
      ];
    const { organization, kuid: device } = given;
    if (typeof organization !== "string" || typeof device !== "string") return [];
    const other = client.names.give(urn, { kind: "kuid", organization, name: device });
    if (other === undefined) return [];
    return [{ path: ["kuid"], reason: `${other} is about device ${device} as well; a device has one decision only` }];
  },

  async previewCreate({ urn, inputs: given }, context) {
    await warnOfOther({ urn, given }, context);
    return {};
  },

  async previewUpdate({ id, urn, inputs: given, changes }, context) {
    if (changes.some(({ path }) => path[0] === "kuid")) await warnOfOther({ id, urn, given }, context);
    return {};
  },

  async create({ urn, logicalName, inputs: given }, { client, log }) {
    const name = given.name ?? logicalName; // the check has given it a name
    const made = await client.write((appliance) => appliance.saveQuarantineDecision({ urn, name, ...said(given) }));
    tell(made.decidedNow, log.info);
    return { id: made.id, outputs: { inForce: made.inForce } };
  },

  async read({ id, old }, { client }) {
    const found = await client.read((appliance) => foundOrGone(appliance.getQuarantineDecision({ id })));
    if (found === undefined) return undefined;
    const isDefault = found.priority === undefined || found.priority === DEFAULT_PRIORITY;
    const priority = isDefault && old?.inputs.priority === undefined ? null : (found.priority ?? null);
    return {
      inputs: {
        organization: found.organization,
        name: found.name,
        decision: found.verdict,
        kuid: found.kuid ?? null,
        rule: found.rule ?? null,
        priority,
      },
      outputs: { inForce: found.inForce },
    };
  },

  async update({ id, inputs: given, old }, { client, log }) {
    const name = given.name ?? old.inputs.name ?? id;
    const saved = await client.write((appliance) => appliance.saveQuarantineDecision({ id, name, ...said(given) }));
    tell(saved.decidedNow, log.info);
    return { outputs: { inForce: saved.inForce } };
  },

  async delete({ id }, { client }) {
    await client.write((appliance) => appliance.deleteQuarantineDecision({ id }));
  },

  async *list({ limit }, { client }) {
    const page = limit === 0 ? 1_000 : Math.min(limit, 1_000);
    const { decisions } = await client.read((appliance) => appliance.listQuarantineDecisions({ limit: page }));
    for (const { id, name } of decisions) yield { id, name };
  },
});

function tell(decided: number, info: (text: string) => void): void {
  if (decided > 0) info(`decided about ${decided} ${decided === 1 ? "device" : "devices"}`);
}
