import type { DatabaseSync } from "node:sqlite";
import { store } from "./migrations/01-store.ts";
import { settings } from "./migrations/02-settings.ts";
import { labelsAndDecisions } from "./migrations/03-labels-and-decisions.ts";
import { schedules } from "./migrations/04-schedules.ts";
import { organizationsAndAccess } from "./migrations/05-organizations-and-access.ts";
import { messages } from "./migrations/06-messages.ts";
import { tasks } from "./migrations/07-tasks.ts";
import { updatePolicies } from "./migrations/08-update-policies.ts";
import { updateSource } from "./migrations/09-update-source.ts";
import { inventoriesApart } from "./migrations/11-inventories-apart.ts";
import { authorities } from "./migrations/12-authorities.ts";
import { scriptsForLater } from "./migrations/13-scripts-for-later.ts";
import { outcomesOnce } from "./migrations/14-outcomes-once.ts";
import { factsInColumns } from "./migrations/15-facts-in-columns.ts";
import { runProgress } from "./migrations/16-run-progress.ts";
import { bundleContentAt } from "./migrations/17-bundle-content-at.ts";
import { usesOfConfigurations } from "./migrations/18-uses-of-configurations.ts";
import type { Migration } from "./migrations/migration.ts";

export type { Migration } from "./migrations/migration.ts";

/** Moments are whole milliseconds since 1970, booleans 0 or 1, and what is only shown is JSON. */
export const migrations: readonly Migration[] = [
  store,
  settings,
  labelsAndDecisions,
  schedules,
  organizationsAndAccess,
  messages,
  tasks,
  updatePolicies,
  updateSource,
  inventoriesApart,
  authorities,
  scriptsForLater,
  outcomesOnce,
  factsInColumns,
  runProgress,
  bundleContentAt,
  usesOfConfigurations,
];

/** Brings a database to the newest version; to be called within a transaction, which takes all of it or nothing. */
export function migrate(database: DatabaseSync, from: number, steps: readonly Migration[]): void {
  for (const { number, sql } of steps) {
    if (number <= from) continue;
    database.exec(sql);
    database.exec(`PRAGMA user_version = ${number}`);
  }
}

/** The version that a list of migrations leads to. */
export function newest(steps: readonly Migration[]): number {
  return steps.at(-1)?.number ?? 0;
}
