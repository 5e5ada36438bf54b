import type { Selectable } from "kysely";
import { ApplianceError } from "../errors.ts";
import {
  DEFAULT_TASK_THROUGHPUT,
  type Settings,
  type SettingsChanges,
  THROUGHPUT_REST_MS,
} from "../operations/settings.ts";
import { DEFAULT_MAX_CHECK_INS_PER_HOUR, MAX_LOAD_AVERAGE } from "../operations/settings-limits.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { changesBetween, moment, momentOrNone, recordChanges, type Transaction } from "./transaction.ts";

type Row = Selectable<Tables["appliance_settings"]>;

const SUBJECT = { subject: "appliance-settings", subjectName: "appliance" };

/** The one row of what all organizations share. */
export function applianceRow(tx: Transaction): Row {
  const row = tx.queries.first(build.selectFrom("appliance_settings").selectAll());
  if (row !== undefined) return row;
  throw new ApplianceError({ code: "corrupt", message: "the settings of the appliance are not in the database" });
}

/** The throughput that holds. */
export function throughputOf(row: Row): number {
  return row.task_throughput ?? DEFAULT_TASK_THROUGHPUT;
}

/** The limit of check-ins that holds. */
export function checkInLimitOf(row: Row): number {
  return row.max_check_ins_per_hour ?? DEFAULT_MAX_CHECK_INS_PER_HOUR;
}

export function describeAppliance(tx: Transaction): Settings["appliance"] {
  const row = applianceRow(tx);
  return {
    taskThroughput: throughputOf(row),
    taskThroughputGiven: row.task_throughput !== null,
    taskThroughputUpdatedAt: momentOrNone(row.task_throughput_at),
    loadAverage: tx.world.loadAverage(),
    maxCheckInsPerHour: checkInLimitOf(row),
    maxCheckInsPerHourGiven: row.max_check_ins_per_hour !== null,
  };
}

/** Counts one more change of settings that agents live by. */
export function nextRevision(tx: Transaction): number {
  const revision = applianceRow(tx).revision + 1;
  tx.queries.run(build.updateTable("appliance_settings").set({ revision }));
  return revision;
}

/** Why the throughput may not rise now; undefined where it may. The vendor's rule, from its page on agent settings. */
export function whyNotRise(tx: Transaction): ApplianceError | undefined {
  const { task_throughput_at: changedAt } = applianceRow(tx);
  if (changedAt !== null && tx.now - changedAt <= THROUGHPUT_REST_MS) {
    return new ApplianceError({
      code: "not-now",
      message: `the task throughput was changed at ${moment(changedAt)} and may not rise within 15 minutes after that`,
      hint: `try again after ${moment(changedAt + THROUGHPUT_REST_MS)}; it may be lowered at any time`,
    });
  }
  const load = tx.world.loadAverage();
  if (load <= MAX_LOAD_AVERAGE) return undefined;
  return new ApplianceError({
    code: "not-now",
    message: `the load average of the appliance is ${load.toFixed(1)}, and the task throughput may not rise while it is above ${MAX_LOAD_AVERAGE.toFixed(1)}`,
    hint: "try again when the load has fallen; it may be lowered at any time",
  });
}

/**
 * Changes what the appliance shares.
 * @throws ApplianceError `not-now` for a throughput that may not rise now, `permission-denied` for a change by whoever is
 * kept to one organization
 */
export function changeAppliance(
  tx: Transaction,
  { taskThroughput, maxCheckInsPerHour }: Pick<SettingsChanges, "taskThroughput" | "maxCheckInsPerHour">,
): void {
  const row = applianceRow(tx);
  const next = {
    task_throughput: taskThroughput === undefined ? row.task_throughput : taskThroughput,
    max_check_ins_per_hour: maxCheckInsPerHour === undefined ? row.max_check_ins_per_hour : maxCheckInsPerHour,
  };
  const [before, after] = [throughputOf(row), throughputOf({ ...row, ...next })];
  const refusal = after > before ? whyNotRise(tx) : undefined;
  if (refusal !== undefined) throw refusal;
  const changes = changesBetween(shown(row), shown(next));
  if (changes.length === 0) return;
  if (tx.within !== undefined) {
    throw new ApplianceError({
      code: "permission-denied",
      message: "the task throughput and the limit of check-ins are the appliance's, over all organizations",
      hint: "use an API token that is not kept to one organization",
    });
  }
  const changedAt = after === before ? row.task_throughput_at : tx.now;
  tx.queries.run(build.updateTable("appliance_settings").set({ ...next, task_throughput_at: changedAt }));
  recordChanges(tx, SUBJECT, changes);
}

function shown(of: Pick<Row, "task_throughput" | "max_check_ins_per_hour">) {
  return { taskThroughput: of.task_throughput, maxCheckInsPerHour: of.max_check_ins_per_hour };
}
