import { ApplianceError } from "../errors.ts";
import { configurationOperations } from "../operations/configurations.ts";
import type { ScheduledConfiguration, scheduleOperations } from "../operations/schedules.ts";
import { requireConfiguration, saveCopy, subjectOfConfiguration } from "./configurations.ts";
import type { HandlersOf } from "./handlers.ts";
import { page, textAt } from "./paging.ts";
import { build } from "./query.ts";
import { findSchedule, nothingKept } from "./schedules.ts";
import { changesBetween, fromColumn, moment, momentOrNone, recordChanges } from "./transaction.ts";

const description = configurationOperations.saveConfiguration.input.shape.description;

export const scheduleHandlers: HandlersOf<typeof scheduleOperations> = {
  listSchedules(tx, { organization, limit, after }) {
    let query = build
      .selectFrom("schedules")
      .innerJoin("configurations", "configurations.id", "schedules.configuration_id")
      .select(["configuration_id", "name", "description", "served_until", "requested_at"])
      .where("organization", "=", organization)
      .orderBy("configuration_id")
      .limit(limit + 1);
    if (after !== undefined) query = query.where("configuration_id", ">", textAt(after, 0));
    const { items, next } = page(
      tx.queries.all(query),
      limit,
      (row) => [row.configuration_id],
      (row): ScheduledConfiguration[] => {
        const what = `the description of configuration ${row.configuration_id}`;
        const { enabled, schedule } = fromColumn(description, row.description, what);
        if (schedule === undefined) return [];
        return [
          {
            configurationId: row.configuration_id,
            name: row.name,
            enabled,
            schedule,
            servedUntil: moment(row.served_until),
            requestedAt: momentOrNone(row.requested_at),
          },
        ];
      },
    );
    return { schedules: items.flat(), next };
  },

  requestRun(tx, { configurationId }) {
    const { name, description: what } = requireConfiguration(tx, configurationId);
    if (findSchedule(tx, configurationId) === undefined) throw nothingKept(`"${name}"`);
    if (!what.enabled)
      throw new ApplianceError({
        code: "conflict",
        message: `"${name}" is not enabled`,
        hint: "set `enabled: true` in the program, and run `pulumi up`",
      });
    tx.queries.run(
      build.updateTable("schedules").set({ requested_at: tx.now }).where("configuration_id", "=", configurationId),
    );
    const requestedAt = moment(tx.now);
    recordChanges(tx, subjectOfConfiguration(configurationId, name), changesBetween({}, { requestedAt }));
    return { requestedAt };
  },

  settleSchedule(tx, { configurationId, until, fault }) {
    const row = findSchedule(tx, configurationId);
    if (row === undefined) return { settled: false };
    const untilMs = Date.parse(until);
    tx.queries.run(
      build
        .updateTable("schedules")
        .set({
          served_until: untilMs,
          requested_at: row.requested_at !== null && row.requested_at > untilMs ? row.requested_at : null,
          fault: fault ?? null,
          fault_at: fault === undefined ? null : tx.now,
        })
        .where("configuration_id", "=", configurationId),
    );
    // A run that touched machines is in the history by itself; of one that could not begin, this is all there is.
    const { name } = requireConfiguration(tx, configurationId);
    recordChanges(tx, subjectOfConfiguration(configurationId, name), changesBetween({ fault: row.fault }, { fault }));
    return { settled: true };
  },

  duplicateConfiguration: (tx, { id, name }) => saveCopy(tx, id, name),
};
