import type { Selectable } from "kysely";
import { type Claim, isAnothers } from "../claim.ts";
import { ApplianceError } from "../errors.ts";
import { DEFAULT_ORGANIZATION } from "../operations/fields.ts";
import {
  type AgentSettings,
  DEFAULT_AGENT_SETTINGS,
  type Settings,
  type settingsOperations,
  type ToldSettings,
} from "../operations/settings.ts";
import {
  applianceRow,
  changeAppliance,
  checkInLimitOf,
  describeAppliance,
  nextRevision,
  throughputOf,
  whyNotRise,
} from "./appliance-settings.ts";
import type { HandlersOf } from "./handlers.ts";
import { build } from "./query.ts";
import { replacedIn } from "./replaced.ts";
import { hurryScripts } from "./scripting-updates.ts";
import type { Tables } from "./tables.ts";
import { changesBetween, recordChanges, type Transaction } from "./transaction.ts";

type Row = Selectable<Tables["agent_settings"]>;

/** What agents look for scripts by. */
const LOOK_PROPERTIES: readonly string[] = ["communicationsWindow", "scriptingUpdateIntervalSeconds"];

/** What a user may set, as the row has it; null stands for the default. */
type Given = Omit<Row, "organization" | "present" | "urn" | "revision" | "updated_at">;

const NOTHING_GIVEN: Given = {
  window_from: null,
  window_to: null,
  run_interval_seconds: null,
  inventory_interval_seconds: null,
  splash_text: null,
  scripting_update_interval_seconds: null,
  log_retention: null,
};

function rowOf(tx: Transaction, organization: string): Row {
  const row = tx.queries.first(build.selectFrom("agent_settings").selectAll().where("organization", "=", organization));
  return row ?? { organization, present: 0, urn: null, ...NOTHING_GIVEN, revision: 0, updated_at: 0 };
}

function givenIn(row: Given): Partial<AgentSettings> {
  return {
    ...(row.window_from !== null &&
      row.window_to !== null && { communicationsWindow: { from: row.window_from, to: row.window_to } }),
    ...(row.run_interval_seconds !== null && { runIntervalSeconds: row.run_interval_seconds }),
    ...(row.inventory_interval_seconds !== null && { inventoryIntervalSeconds: row.inventory_interval_seconds }),
    ...(row.splash_text !== null && { splashText: row.splash_text }),
    ...(row.scripting_update_interval_seconds !== null && {
      scriptingUpdateIntervalSeconds: row.scripting_update_interval_seconds,
    }),
    ...(row.log_retention !== null && { logRetention: row.log_retention }),
  };
}

function effectiveOf(row: Given): AgentSettings {
  return { ...DEFAULT_AGENT_SETTINGS, ...givenIn(row) };
}

/** What the agents of an organization live by. */
export function settingsOf(tx: Transaction, organization: string): AgentSettings {
  return effectiveOf(rowOf(tx, organization));
}

function describe(tx: Transaction, organization: string): Settings {
  const row = rowOf(tx, organization);
  return {
    organization,
    exists: row.present === 1,
    urn: row.urn ?? undefined,
    revision: row.revision,
    given: givenIn(row),
    effective: effectiveOf(row),
    appliance: describeAppliance(tx),
  };
}

/** What the history shows of settings: what holds, and whose they are. */
function shown(row: Pick<Row, "urn"> & Given) {
  const { communicationsWindow: window, ...rest } = effectiveOf(row);
  return { communicationsWindow: `${window.from} to ${window.to}`, ...rest, managedBy: row.urn };
}

/** Keeps the row of an organization; its revision rises where agents are to live by something else. */
function keep(tx: Transaction, before: Row, after: Row): void {
  const others = changesBetween({ ...shown(before), managedBy: null }, { ...shown(after), managedBy: null });
  const row = { ...after, revision: others.length > 0 ? nextRevision(tx) : before.revision, updated_at: tx.now };
  tx.queries.run(
    build
      .insertInto("agent_settings")
      .values(row)
      .onConflict((conflict) => conflict.column("organization").doUpdateSet(row)),
  );
  const subject = { subject: `settings:${after.organization}`, subjectName: after.organization };
  recordChanges(tx, subject, changesBetween(shown(before), shown(after)));
  if (others.some(({ property }) => LOOK_PROPERTIES.includes(property)))
    hurryScripts(tx, after.organization, effectiveOf(after));
}

function requireClaim(row: Row, claim: Claim): void {
  if (!isAnothers(row.urn, claim)) return;
  throw new ApplianceError({
    code: "conflict",
    message: `the settings of organization "${row.organization}" belong to ${row.urn} already`,
    hint: "an organization has one `AgentSettings`: change that one, or delete it first; if its stack is lost, `kace settings reset`",
  });
}

function requireDefault(organization: string, what: string): void {
  if (organization === DEFAULT_ORGANIZATION) return;
  throw new ApplianceError({
    code: "invalid",
    message: `${what} is the appliance's and not one of organization "${organization}"`,
    hint: `set it through the organization "${DEFAULT_ORGANIZATION}"`,
  });
}

/** A column after a change that leaves it out, gives a value, or gives the default back. */
function changed<T>(change: T | null | undefined, present: T | null): T | null {
  return change === undefined ? present : change;
}

function told(row: Row): ToldSettings {
  return { organization: row.organization, revision: row.revision, settings: effectiveOf(row) };
}

export const settingsHandlers: HandlersOf<typeof settingsOperations> = {
  getSettings: (tx, { organization }) => describe(tx, organization),

  updateSettings(tx, { organization, urn, formerUrn, taskThroughput, maxCheckInsPerHour, ...input }) {
    const before = rowOf(tx, organization);
    requireClaim(before, { urn, formerUrn });
    if (taskThroughput !== undefined) requireDefault(organization, "the task throughput");
    if (maxCheckInsPerHour !== undefined) requireDefault(organization, "the limit of check-ins");
    changeAppliance(tx, { taskThroughput, maxCheckInsPerHour });
    const window = input.communicationsWindow;
    keep(tx, before, {
      ...before,
      present: 1,
      urn: urn ?? before.urn,
      window_from: changed(window === undefined ? undefined : (window?.from ?? null), before.window_from),
      window_to: changed(window === undefined ? undefined : (window?.to ?? null), before.window_to),
      run_interval_seconds: changed(input.runIntervalSeconds, before.run_interval_seconds),
      inventory_interval_seconds: changed(input.inventoryIntervalSeconds, before.inventory_interval_seconds),
      splash_text: changed(input.splashText, before.splash_text),
      scripting_update_interval_seconds: changed(
        input.scriptingUpdateIntervalSeconds,
        before.scripting_update_interval_seconds,
      ),
      log_retention: changed(input.logRetention, before.log_retention),
    });
    return describe(tx, organization);
  },

  resetSettings(tx, { organization, urn, formerUrn, taskThroughput }) {
    const before = rowOf(tx, organization);
    if (before.present === 0 || isAnothers(before.urn, { urn, formerUrn }))
      return { reset: false, taskThroughputKept: false };
    let taskThroughputKept = false;
    // Whoever is kept to one organization gives back what is that one's.
    if (organization === DEFAULT_ORGANIZATION && tx.within === undefined) {
      const row = applianceRow(tx);
      const rises = throughputOf({ ...row, task_throughput: null }) > throughputOf(row);
      taskThroughputKept = taskThroughput && rises && whyNotRise(tx) !== undefined;
      const goesBack = taskThroughput && !taskThroughputKept;
      changeAppliance(tx, { taskThroughput: goesBack ? null : undefined, maxCheckInsPerHour: null });
    }
    // The row stays, so that servers which look for changes see this one.
    keep(tx, before, { ...before, ...NOTHING_GIVEN, present: 0, urn: null });
    return { reset: true, taskThroughputKept };
  },

  listSettingsChanges(tx, { revision: since }) {
    const row = applianceRow(tx);
    const complete = since === undefined || since <= row.revision;
    let query = build.selectFrom("agent_settings").selectAll().orderBy("organization");
    if (since !== undefined && complete) query = query.where("revision", ">", since);
    return {
      revision: row.revision,
      complete,
      organizations: tx.queries.all(query).map(told),
      taskThroughput: throughputOf(row),
    };
  },

  checkInLoad(tx, { organization }) {
    const approved = tx.queries.all(
      build
        .selectFrom("devices")
        .select((eb) => ["organization", eb.fn.countAll<number>().as("devices")])
        .where("state", "=", "approved")
        .groupBy("organization")
        .orderBy("organization"),
    );
    const counted = approved.map((row) => ({
      ...row,
      devices: row.devices - replacedIn(tx, row.organization).size,
    }));
    const loadOf = (name: string, devices: number) => ({
      devices,
      runIntervalSeconds: effectiveOf(rowOf(tx, name)).runIntervalSeconds,
    });
    const own = counted.find((row) => row.organization === organization)?.devices ?? 0;
    return {
      maxCheckInsPerHour: checkInLimitOf(applianceRow(tx)),
      ...loadOf(organization, own),
      others: counted
        .filter((row) => row.organization !== organization)
        .map((row) => loadOf(row.organization, row.devices)),
    };
  },
};
