import type { Selectable } from "kysely";
import * as z from "zod";
import { ApplianceError } from "../errors.ts";
import type { ConfigurationDescription } from "../operations/configurations.ts";
import type { HistoryEntry } from "../operations/history.ts";
import type { ScheduledConfiguration } from "../operations/schedules.ts";
import { nextRun } from "../schedules/next-runs.ts";
import { parseSchedule } from "../schedules/parse.ts";
import { refusedInput } from "../wrong-input.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { moment, secretChange, type Transaction } from "./transaction.ts";

export type ScheduleRow = Selectable<Tables["schedules"]>;

/** Where the log-ins of a configuration are kept: what is encrypted for one cannot be moved to another. */
function placeOf(configurationId: string): string {
  return `run inputs of ${configurationId}`;
}

export function findSchedule(tx: Transaction, configurationId: string): ScheduleRow | undefined {
  return tx.queries.first(build.selectFrom("schedules").selectAll().where("configuration_id", "=", configurationId));
}

/** What a save says of the schedule of a configuration, beside what it said before. */
export interface KeptSchedule {
  readonly configurationId: string;
  readonly description: ConfigurationDescription;
  /** Of the configuration as it was; absent for a new one. */
  readonly before: ConfigurationDescription | undefined;
  /** What a run needs, with what it logs in with; JSON. */
  readonly runInputs: string | undefined;
}

/**
 * Keeps what a run needs, encrypted, as long as there is a schedule, and forgets it with the schedule.
 * @returns what the history says of that: whether it changed, and nothing of what it is
 * @throws ApplianceError `invalid` for a schedule that never fires, or one without anything to run
 */
export function keepSchedule(
  tx: Transaction,
  { configurationId, description, before, runInputs }: KeptSchedule,
): HistoryEntry["changes"] {
  const { schedule } = description;
  const known = findSchedule(tx, configurationId);
  if (schedule === undefined) {
    if (runInputs !== undefined)
      throw new ApplianceError({
        code: "invalid",
        message: "what a run logs in with is kept only for a configuration with a schedule",
      });
    tx.queries.run(build.deleteFrom("schedules").where("configuration_id", "=", configurationId));
    return known === undefined ? [] : [secretChange("runInputs", { from: true, to: false })];
  }
  const parsed = parseSchedule(schedule);
  if (!parsed.ok) {
    const problems = parsed.problems.map(({ path, message }) => ({
      path: ["description", "schedule", ...path],
      message,
    }));
    throw refusedInput("saveConfiguration", problems);
  }
  if (runInputs === undefined)
    throw new ApplianceError({
      code: "invalid",
      message: "a schedule needs what its runs log in with",
      hint: "give `runInputs`",
    });
  const isSame = known !== undefined && openedInputs(tx, known) === runInputs;
  // What was due under another schedule, or while nothing was to run, is not caught up with.
  const goesOn =
    known !== undefined && before?.enabled === true && JSON.stringify(before.schedule) === JSON.stringify(schedule);
  const row = {
    configuration_id: configurationId,
    sealed: tx.keys.seal(runInputs, placeOf(configurationId)),
    served_until: goesOn ? known.served_until : tx.now,
    requested_at: known?.requested_at ?? null,
    fault: known?.fault ?? null,
    fault_at: known?.fault_at ?? null,
  };
  tx.queries.run(
    build
      .insertInto("schedules")
      .values(row)
      .onConflict((conflict) => conflict.column("configuration_id").doUpdateSet(row)),
  );
  return isSame ? [] : [secretChange("runInputs", { from: known !== undefined, to: true })];
}

/** What a row keeps; undefined where it cannot be read any more, so that a save can take its place. */
function openedInputs(tx: Transaction, row: ScheduleRow): string | undefined {
  try {
    return tx.keys.unseal(row.sealed, placeOf(row.configuration_id));
  } catch (error) {
    if (error instanceof ApplianceError && error.code === "corrupt") return undefined;
    throw error;
  }
}

/**
 * What a run of a configuration needs, with what it logs in with; JSON. Only for whoever runs it: no operation gives it.
 * @throws ApplianceError `conflict` where nothing is kept
 */
export function unsealRunInputs(tx: Transaction, configurationId: string): string {
  const row = findSchedule(tx, configurationId);
  if (row === undefined) throw nothingKept(configurationId);
  return tx.keys.unseal(row.sealed, placeOf(configurationId));
}

/** Encrypts what a configuration logs in with for a copy of it. */
export function copySchedule(tx: Transaction, from: string, to: string): void {
  if (findSchedule(tx, from) === undefined) return;
  const sealed = tx.keys.seal(unsealRunInputs(tx, from), placeOf(to));
  tx.queries.run(
    build.insertInto("schedules").values({
      configuration_id: to,
      sealed,
      served_until: tx.now,
      requested_at: null,
      fault: null,
      fault_at: null,
    }),
  );
}

/** Why a configuration cannot be run by the appliance itself. */
export function nothingKept(name: string): ApplianceError {
  return new ApplianceError({
    code: "conflict",
    message: `what ${name} logs in with is not kept here, because it has no schedule`,
    hint: "run `pulumi up`, or give it a `schedule`",
  });
}

/** When a schedule fires next; undefined where this program does not understand it, or knows its time zone no more. */
export function nextRunOf(tx: Transaction, schedule: ScheduledConfiguration["schedule"]): string | undefined {
  const parsed = parseSchedule(schedule);
  if (!parsed.ok) return undefined;
  const next = nextRun(parsed.schedule, tx.now, tx.world.timezone);
  return next === undefined ? undefined : moment(next);
}

const object = z.record(z.string(), z.unknown());

/** The inputs of a configuration as those of its copy: under the copy's name, and not enabled. */
export function inputsOfCopy(inputs: string | undefined, name: string): string | undefined {
  if (inputs === undefined) return undefined;
  return JSON.stringify({ ...object.parse(JSON.parse(inputs)), name, enabled: false });
}
