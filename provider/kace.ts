import packageJson from "../package.json" with { type: "json" };
import type { ApplianceAccess } from "./appliance/access.ts";
import { singleMachineProvisioning } from "./components/single-machine-provisioning.ts";
import { config, configure } from "./configuration.ts";
import { checkPrerequisites } from "./functions/check-prerequisites.ts";
import { diagnose } from "./functions/diagnose.ts";
import { expandTargets } from "./functions/expand-targets.ts";
import { getAgentInstaller } from "./functions/get-agent-installer.ts";
import { getAgentTasks } from "./functions/get-agent-tasks.ts";
import { getAgentUpdates } from "./functions/get-agent-updates.ts";
import { getHistory } from "./functions/get-history.ts";
import { getLabelMembers } from "./functions/get-label-members.ts";
import { getMessageQueue } from "./functions/get-message-queue.ts";
import { getNextRuns } from "./functions/get-next-runs.ts";
import { getProvisionedConfigurations } from "./functions/get-provisioned-configurations.ts";
import { getProvisioningResults } from "./functions/get-provisioning-results.ts";
import { getQuarantine } from "./functions/get-quarantine.ts";
import { pickMachines } from "./functions/pick-machines.ts";
import { recommendRunInterval } from "./functions/recommend-run-interval.ts";
import { scanNetwork } from "./functions/scan-network.ts";
import { defineProvider } from "./kit/define/provider.ts";
import type { WireComponent } from "./kit/pulumi/component.ts";
import { agentBundle } from "./resources/agent-bundle.ts";
import { agentSettings } from "./resources/agent-settings.ts";
import { agentToken } from "./resources/agent-token.ts";
import { agentUpdatePolicy } from "./resources/agent-update-policy.ts";
import { label } from "./resources/label.ts";
import { organization } from "./resources/organization.ts";
import { provisioningConfig } from "./resources/provisioning-config.ts";
import { quarantineDecision } from "./resources/quarantine-decision.ts";

/** The provider `kace`: everything it offers, in one list. */
export const provider = defineProvider<typeof config, ApplianceAccess, WireComponent>({
  info: {
    name: "kace",
    displayName: "KACE",
    version: packageJson.version,
    description: packageJson.description,
    keywords: ["pulumi", "kace", "endpoint-management", "kind/native", "category/infrastructure"],
    license: packageJson.license,
    publisher: "pulumi-kace",
    sdks: {
      nodejs: "@pulumi-kace/kace",
      python: "pulumi_kace",
      go: "pulumi-kace/sdk/go/kace",
      dotnet: "PulumiKace",
      java: "com.pulumikace",
    },
  },
  config,
  configure,
  worldOf: (client) => client.place(),
  resources: [
    agentBundle,
    agentSettings,
    agentToken,
    agentUpdatePolicy,
    label,
    organization,
    provisioningConfig,
    quarantineDecision,
  ],
  components: [singleMachineProvisioning],
  functions: [
    checkPrerequisites,
    diagnose,
    expandTargets,
    getHistory,
    getLabelMembers,
    getAgentInstaller,
    getAgentUpdates,
    getAgentTasks,
    getMessageQueue,
    getNextRuns,
    getProvisionedConfigurations,
    getProvisioningResults,
    getQuarantine,
    pickMachines,
    recommendRunInterval,
    scanNetwork,
  ],
});
