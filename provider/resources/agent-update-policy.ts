import type { ApplianceAccess } from "../appliance/access.ts";
import type { Appliance, Output } from "../appliance/appliance.ts";
import { isAnothers } from "../appliance/claim.ts";
import { everyPage } from "../appliance/every-page.ts";
import type { UpdatePolicyState } from "../appliance/operations/update-policy.ts";
import type { Log } from "../kit/define/call.ts";
import type { PreviewOf } from "../kit/define/plain.ts";
import { defineResource } from "../kit/define/resource.ts";
import { findingsOf, findingsOfLifted, labelsOf, plannedLine } from "./agent-update-policy-check.ts";
import { agentUpdatePolicyExamples } from "./agent-update-policy-examples.ts";
import { changesOf, inputs, inputsOf, outputs, type PolicyInputs } from "./agent-update-policy-inputs.ts";
import { type Asking, claimOf, refuseAnothers } from "./anothers.ts";
import { foundOrGone } from "./found-or-gone.ts";
import { inItsOrganization } from "./in-organization.ts";
import { wholly } from "./known.ts";
import { findingsOfMissing } from "./missing-labels.ts";

const definition = defineResource({
  name: "AgentUpdatePolicy",
  description:
    "Which agents of an organization are updated to which version, and when. Agents update themselves through their connection to `kace serve`: an agent that does not come back with the new version goes back to the old one, and is not updated again until the policy or the bundle changes. An agent is never taken down to an older version. An organization has one policy; it takes over what was set before, and deleting it gives the default back, that nobody is updated. It is imported by the name of the organization.\n\nA preview says whom the policy cannot reach, because their agents are not connected: a `ProvisioningConfig` with an `agent.version` reaches these.",
  inputs,
  outputs,
  deleteBeforeReplace: true,
  examples: agentUpdatePolicyExamples,
});

function countsOf({ counts: { total, meant, right, refused, notConnected } }: Output<"planUpdates">) {
  return { total, meant, right, refused, notConnected };
}

/** What a policy is recorded with: whom it is for at the time when it is set. */
async function recorded(appliance: Appliance, state: UpdatePolicyState, counts?: ReturnType<typeof countsOf>) {
  const { organization, held, distributionTimestamp } = state;
  return {
    counts: counts ?? countsOf(await appliance.planUpdates({ organization, limit: 1 })),
    held: held?.reason,
    distributionTimestamp,
  };
}

/** Saves a policy. */
async function save(
  client: ApplianceAccess,
  {
    asking,
    organization,
    inputs: given,
  }: { readonly asking: Asking; organization?: string; readonly inputs: PolicyInputs },
) {
  return client.write(async (appliance) => {
    const named = organization === undefined ? {} : { organization };
    const state = await appliance.saveUpdatePolicy({ ...named, ...claimOf(asking), ...changesOf(given) });
    return {
      organization: state.organization,
      outputs: { ...(await recorded(appliance, state)), managedBy: asking.urn },
    };
  });
}

/** What a policy is called where it belongs to another resource. */
const WORDS = { what: "the update policy", belong: "belongs", repair: "kace policy reset" } as const;

/**
 * Says in a preview what the policy would do; what is not known yet says nothing.
 * @throws ProviderError `conflict` where the policy is another resource's
 */
async function sayPlan(
  { client, log }: { readonly client: ApplianceAccess; readonly log: Log },
  { asking, inputs: given }: { readonly asking: Asking; readonly inputs: PreviewOf<PolicyInputs> },
  organization?: string,
): Promise<void> {
  const found = await client.read((appliance) => foundOrGone(appliance.getUpdatePolicy({ organization })));
  refuseAnothers(found, asking, WORDS);
  const known = wholly<PolicyInputs>(given);
  if (known === undefined) return;
  const changes = changesOf(known);
  const plan = await client.read(async (appliance) => {
    const planned = (after?: string) => appliance.planUpdates({ organization, changes, limit: 1_000, after });
    const first = await foundOrGone(planned());
    if (first === undefined) return undefined;
    const rest =
      first.next === undefined
        ? []
        : await everyPage(async (after = first.next) => {
            const { machines: items, next } = await planned(after);
            return { items, next };
          });
    return { ...first, machines: [...first.machines, ...rest] };
  });
  if (plan === undefined) return;
  const line = plannedLine(plan);
  if (line !== undefined) log.info(line);
}

/** `kace:index:AgentUpdatePolicy`. */
export const agentUpdatePolicy = inItsOrganization(definition).handle({
  async check({ urn, inputs: given }, { client }) {
    const lifted = findingsOfLifted(given);
    if (lifted.length > 0) return lifted;
    const missing = await findingsOfMissing(labelsOf(given), { urn, organization: given.organization }, client);
    // What is not known yet is looked at when it is set.
    const known = wholly<PolicyInputs>(given);
    if (known === undefined) return missing;
    return client.read(async (appliance) => {
      // An organization that is still to be made has no agents.
      const plan = await foundOrGone(appliance.planUpdates({ changes: changesOf(known), limit: 1 }));
      return plan === undefined ? missing : [...missing, ...findingsOf(plan)];
    });
  },

  async previewCreate({ urn, inputs: given }, context) {
    await sayPlan(context, { asking: { urn }, inputs: given });
    return {};
  },

  async previewUpdate({ id, urn, inputs: given, old }, context) {
    await sayPlan(context, { asking: { urn, old }, inputs: given }, id);
    return {};
  },

  async create({ urn, inputs: given }, { client }) {
    const { organization, outputs: made } = await save(client, { asking: { urn }, inputs: given });
    return { id: organization, outputs: made };
  },

  async read({ id, urn, old, isImport }, { client }) {
    return client.read(async (appliance) => {
      const found = await foundOrGone(appliance.getUpdatePolicy({ organization: id }));
      // Nobody set anything, or somebody gave the default back, or to another resource.
      if (found === undefined || !found.exists) return undefined;
      if (old !== undefined && isAnothers(found.urn, claimOf({ urn, old }))) return undefined;
      if (isImport === true) refuseAnothers(found, { urn }, WORDS);
      // Machines come and go: the counts are those of the time when the policy was set.
      const counts = old?.outputs.counts;
      return {
        inputs: inputsOf(found, old?.inputs),
        outputs: {
          ...(await recorded(appliance, found, counts)),
          managedBy: old?.outputs.managedBy ?? found.urn ?? urn,
        },
      };
    });
  },

  async update({ id, urn, inputs: given, old }, { client }) {
    const { outputs: saved } = await save(client, { asking: { urn, old }, organization: id, inputs: given });
    return { outputs: saved };
  },

  async delete({ id, urn, old }, { client }) {
    await client.write((appliance) => appliance.resetUpdatePolicy({ organization: id, ...claimOf({ urn, old }) }));
  },

  async *list(_request, { client }) {
    const found = await client.read((appliance) => appliance.getUpdatePolicy({}));
    if (found.exists) yield { id: found.organization, name: found.organization };
  },
});
