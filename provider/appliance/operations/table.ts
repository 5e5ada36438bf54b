import { apiTokenOperations } from "./api-tokens.ts";
import { authorityOperations } from "./authorities.ts";
import { bundleOperations, loadingOperations } from "./bundles.ts";
import { configurationOperations } from "./configurations.ts";
import { deviceOperations } from "./devices.ts";
import { historyOperations } from "./history.ts";
import { hostKeyOperations } from "./host-keys.ts";
import { labelOperations } from "./labels.ts";
import { messageOperations } from "./messages.ts";
import type { Operation } from "./operation.ts";
import { organizationOperations } from "./organizations.ts";
import { outcomeOperations } from "./outcomes.ts";
import { quarantineOperations } from "./quarantine.ts";
import { runOperations } from "./runs.ts";
import { scheduleOperations } from "./schedules.ts";
import { scriptOperations } from "./scripts.ts";
import { serverOperations } from "./server.ts";
import { settingsOperations } from "./settings.ts";
import { statisticsOperations } from "./statistics.ts";
import { taskPackageOperations } from "./task-packages.ts";
import { taskOperations } from "./tasks.ts";
import { tokenOperations } from "./tokens.ts";
import { updatePolicyOperations } from "./update-policy.ts";
import { updateOperations } from "./updates.ts";

/**
 * Everything an appliance does, by name. These are more than a thousand schemas, which are loaded with an appliance:
 * what resources and functions need of them to say what they are lies in files of its own, such as `task-words.ts`.
 */
export const operations = {
  ...tokenOperations,
  ...bundleOperations,
  ...loadingOperations,
  ...updateOperations,
  ...hostKeyOperations,
  ...configurationOperations,
  ...scheduleOperations,
  ...runOperations,
  ...outcomeOperations,
  ...deviceOperations,
  ...labelOperations,
  ...quarantineOperations,
  ...messageOperations,
  ...historyOperations,
  ...taskOperations,
  ...taskPackageOperations,
  ...scriptOperations,
  ...serverOperations,
  ...authorityOperations,
  ...settingsOperations,
  ...organizationOperations,
  ...statisticsOperations,
  ...apiTokenOperations,
  ...updatePolicyOperations,
};

export type Operations = typeof operations;
export type OperationName = keyof Operations;

/** The names of all operations, in the order of the table. */
export const operationNames = Object.keys(operations) as OperationName[]; // Object.keys forgets which there are

/** The operation of a name; undefined for a name that is none. */
export function findOperation(name: string): (Operation & { readonly name: OperationName }) | undefined {
  return Object.hasOwn(operations, name) ? operations[name as OperationName] : undefined; // as was just seen
}
