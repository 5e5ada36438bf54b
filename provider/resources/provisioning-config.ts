import { createHash } from "node:crypto";
import type { Change } from "../kit/define/difference.ts";
import { ProviderError } from "../kit/define/errors.ts";
import { defineResource } from "../kit/define/resource.ts";
import { driftPaths } from "../rollout/results.ts";
import { inItsOrganization } from "./in-organization.ts";
import { checkProvisioning } from "./provisioning/check.ts";
import { provisioningExamples } from "./provisioning/examples.ts";
import { inputs } from "./provisioning/inputs.ts";
import { sayMove } from "./provisioning/move.ts";
import { outputs } from "./provisioning/outputs.ts";
import { previewProvisioning } from "./provisioning/preview.ts";
import { provision, withdraw } from "./provisioning/provision.ts";
import { readProvisioning } from "./provisioning/read.ts";
import { devicesOf, removeDevices } from "./provisioning/remove-devices.ts";
import { keepCredentials } from "./provisioning/schedule.ts";

/** What to do where a destroy could not remove every agent. */
const WHAT_NOW =
  "Those that were removed stay so, and the next `pulumi destroy` goes on with the others. Where machines will not come back, let `rollout.maxUnreachable` or `rollout.maxFailures` tolerate as many, run `pulumi up`, and destroy then: their agents stay where they are. To leave all of them as they are, set `enabled: false` and `onDestroy: abandon`, run `pulumi up`, and destroy then.";

const definition = defineResource({
  name: "ProvisioningConfig",
  description:
    'Machines and what is to be on them: finds the targets, installs the agent where it is missing, puts right what is wrong, and proves every machine: the right version, a running service, connected to its server, approved.\n\nA preview looks at every machine and writes nothing. A machine that is not right is drift at `results["<machine>"]`, and the next update works on exactly those.',
  inputs,
  outputs,
  examples: provisioningExamples,
  timeouts: { create: "none", read: "none", update: "none", delete: "none" },
  // Its id is made of its URN, and each of its machines is of one configuration only.
  deleteBeforeReplace: true,
  refreshBeforeUpdate: ({ probe, enabled }) => probe !== "onRefresh" && enabled !== false,
  drift: ({ inputs: { enabled }, outputs: recorded }) => (enabled ? driftPaths(recorded) : []),
});
const { descriptor } = definition;

/** The id of the configuration of a URN: the same after a lost store, so that receipts on machines are known again. */
export function configurationIdOf(urn: string): string {
  return `config-${createHash("sha256").update(urn).digest("hex").slice(0, 20)}`;
}

/** Whether the program wants something else of the machines than what is recorded. */
function changesWork(changes: readonly Change[]): boolean {
  return changes.some(({ effect }) => effect === "update");
}

/** `kace:index:ProvisioningConfig`. */
export const provisioningConfig = inItsOrganization(
  definition,
  (appliance, name) => appliance.findConfiguration({ name }),
  (urn, organization, context) => sayMove(configurationIdOf(urn), organization, context),
).handle({
  check: ({ inputs: given }) => checkProvisioning(given),

  previewCreate: ({ urn, inputs: given }, context) =>
    previewProvisioning({ id: configurationIdOf(urn), urn, inputs: given, changed: true }, context),

  async create({ urn, logicalName, inputs: given, exists }, context) {
    const id = configurationIdOf(urn);
    const name = given.name ?? logicalName; // the check has given it a name
    const saved = () => exists(id);
    const { recording, reasons } = await provision(
      { id, urn, name, inputs: given, shape: descriptor.inputs, changed: true, saved },
      context,
    );
    return { id, outputs: recording, reasons };
  },

  read: readProvisioning,

  previewUpdate: ({ id, urn, inputs: given, old, changes }, context) =>
    previewProvisioning({ id, urn, inputs: given, old, changed: changesWork(changes) }, context),

  async update({ id, urn, logicalName, inputs: given, old, changes }, context) {
    const changed = changesWork(changes);
    const name = given.name ?? old.inputs.name ?? logicalName;
    const { recording, reasons } = await provision(
      { id, urn, name, inputs: given, shape: descriptor.inputs, old, changed },
      context,
    );
    return { outputs: recording, reasons };
  },

  async updateCredentials({ id, urn, logicalName, inputs: given, old, changes }, { client }) {
    const name = given.name ?? old.inputs.name ?? logicalName;
    // Log-ins are kept for the runs of a schedule only; which token it brings, always.
    if (given.schedule !== undefined || changes.some(({ path: [property] }) => property === "agent"))
      await client.write((appliance) =>
        keepCredentials({ id, urn, name, inputs: given, shape: descriptor.inputs, limits: client }, appliance),
      );
    return { outputs: old.outputs };
  },

  async delete({ id, urn, logicalName, old }, context) {
    const devices = old.inputs.removeDevices
      ? await context.client.read((appliance) => devicesOf(id, old.outputs.results, appliance))
      : [];
    const reasons =
      old.inputs.onDestroy === "uninstall"
        ? await withdraw({ id, urn, name: old.inputs.name ?? logicalName, shape: descriptor.inputs, ...old }, context)
        : [];
    if (reasons.length > 0)
      throw new ProviderError({
        code: "failed-precondition",
        message: `not every agent could be removed:\n${reasons.join("\n")}\n${WHAT_NOW}`,
      });
    await context.client.write(async (appliance) => {
      await removeDevices(devices, appliance);
      await appliance.deleteConfiguration({ id });
    });
  },

  async *list({ limit }, { client }) {
    const page = limit === 0 ? 1_000 : Math.min(limit, 1_000);
    const { configurations } = await client.read((appliance) => appliance.listConfigurations({ limit: page }));
    for (const { id, name } of configurations) yield { id, name };
  },
});
