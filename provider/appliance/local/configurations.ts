import type { Selectable } from "kysely";
import { ApplianceError } from "../errors.ts";
import type { Configuration, configurationOperations, ListedConfiguration } from "../operations/configurations.ts";
import { configurationOperations as operations } from "../operations/configurations.ts";
import type { OutcomeClass } from "../operations/outcome-classes.ts";
import type { RunSummary } from "../operations/runs.ts";
import type { HandlersOf } from "./handlers.ts";
import { page, textAt } from "./paging.ts";
import { build } from "./query.ts";
import { isHeld, type RunRow, summaryOf } from "./runs.ts";
import { copySchedule, findSchedule, inputsOfCopy, keepSchedule, nextRunOf } from "./schedules.ts";
import type { Tables } from "./tables.ts";
import { fingerprintOf } from "./token-values.ts";
import {
  changesBetween,
  fromColumn,
  moment,
  momentOrNone,
  newId,
  recordChanges,
  secretChange,
  type Transaction,
} from "./transaction.ts";

type Row = Selectable<Tables["configurations"]>;

const description = operations.saveConfiguration.input.shape.description;

function rows() {
  return build.selectFrom("configurations").selectAll();
}

function describe(row: Row): Configuration {
  return {
    id: row.id,
    organization: row.organization,
    name: row.name,
    urn: row.urn ?? undefined,
    description: fromColumn(description, row.description, `the description of configuration ${row.id}`),
    createdAt: moment(row.created_at),
    updatedAt: moment(row.updated_at),
  };
}

/** The counts of a run that has not summed itself up: of what is recorded so far; the rest is in flight or not attempted. */
function countsOf(tx: Transaction, run: RunRow, running: boolean): RunSummary & { readonly inFlight: number } {
  const counts: Record<OutcomeClass, number> = {
    succeeded: 0,
    unchanged: 0,
    removed: 0,
    absent: 0,
    unreachable: 0,
    failed: 0,
    notAttempted: 0,
  };
  const query = build
    .selectFrom("outcomes")
    .innerJoin("outcome_facts", "outcome_facts.number", "outcomes.fact_number")
    .select((eb) => ["class", eb.fn.countAll<number>().as("count")])
    .where("run_number", "=", run.number)
    .groupBy("class");
  let recorded = 0;
  for (const row of tx.queries.all(query)) {
    counts[row.class] = row.count;
    recorded += row.count;
  }
  const total = Math.max(run.total ?? 0, recorded);
  const absent = Math.min(run.absent ?? 0, total - recorded);
  const inFlight = running ? Math.min(run.in_flight ?? 0, total - recorded - absent) : 0;
  counts.absent += absent;
  counts.notAttempted += total - recorded - absent - inFlight;
  const present = total - counts.absent;
  const right = counts.succeeded + counts.unchanged + counts.removed;
  const percentSucceeded = present === 0 ? 100 : Math.round((right / present) * 1_000) / 10;
  return { total, ...counts, inFlight, percentSucceeded };
}

function list(tx: Transaction, row: Row): ListedConfiguration {
  const run = tx.queries.first(
    build
      .selectFrom("runs")
      .selectAll()
      .where("configuration_id", "=", row.id)
      .where("kind", "<>", "refresh")
      .orderBy("number", "desc")
      .limit(1),
  );
  const configuration = { ...describe(row), ...scheduleOf(tx, row) };
  if (run === undefined) return { ...configuration, changedSinceRun: true };
  const running = isHeld(tx, run);
  const summary = summaryOf(run);
  return {
    ...configuration,
    lastRun: {
      ...(summary === undefined ? countsOf(tx, run, running) : { ...summary, inFlight: 0 }),
      runId: run.id,
      startedAt: moment(run.started_at),
      finishedAt: momentOrNone(run.finished_at),
      running,
      interrupted: run.state !== "finished" && !running,
    },
    changedSinceRun: row.updated_at > run.started_at,
  };
}

function scheduleOf(
  tx: Transaction,
  row: Row,
): Pick<ListedConfiguration, "nextRun" | "timezone" | "requestedAt" | "fault"> {
  const kept = findSchedule(tx, row.id);
  const { enabled, schedule } = describe(row).description;
  if (kept === undefined || schedule === undefined) return {};
  return {
    timezone: tx.world.timezone,
    ...(enabled && { nextRun: nextRunOf(tx, schedule) }),
    ...(kept.requested_at !== null && { requestedAt: moment(kept.requested_at) }),
    ...(kept.fault !== null && kept.fault_at !== null && { fault: { at: moment(kept.fault_at), message: kept.fault } }),
  };
}

/** The configuration of an id. @throws ApplianceError `not-found` */
export function requireConfiguration(tx: Transaction, id: string): Configuration {
  const row = tx.queries.first(rows().where("id", "=", id));
  if (row !== undefined) return describe(row);
  throw notFound(id);
}

function notFound(id: string): ApplianceError {
  return new ApplianceError({
    code: "not-found",
    message: `there is no configuration "${id}"`,
    hint: "`kace config list` lists those there are",
  });
}

/** @throws ApplianceError `conflict` if another configuration of the organization has the name */
function requireFreeName(tx: Transaction, organization: string, name: string, id: string): void {
  const other = tx.queries.first(
    rows().where("organization", "=", organization).where("name", "=", name).where("id", "<>", id),
  );
  if (other === undefined) return;
  throw new ApplianceError({
    code: "conflict",
    message: `there is already a configuration "${name}" in organization "${organization}" (${other.urn ?? other.id})`,
    hint: "choose another name: names are unique in an organization",
  });
}

/**
 * Copies a configuration with its schedule. The copy is nobody's resource yet, and is not enabled.
 * @throws ApplianceError `not-found`, and `conflict` if the name is taken
 */
export function saveCopy(tx: Transaction, id: string, name: string): Configuration {
  const original = requireConfiguration(tx, id);
  requireFreeName(tx, original.organization, name, "");
  const token = build.selectFrom("configurations").select("token_fingerprint").where("id", "=", id);
  const row = {
    id: newId(tx, "config"),
    organization: original.organization,
    urn: null,
    name,
    description: JSON.stringify({
      ...original.description,
      enabled: false,
      inputs: inputsOfCopy(original.description.inputs, name),
    }),
    token_fingerprint: tx.queries.first(token)?.token_fingerprint ?? null,
    created_at: tx.now,
    updated_at: tx.now,
  };
  tx.queries.run(build.insertInto("configurations").values(row));
  copySchedule(tx, id, row.id);
  const copy = describe(row);
  recordChanges(
    tx,
    subjectOfConfiguration(row.id, name),
    changesBetween({}, { ...shown(copy), copyOf: original.name }),
  );
  return copy;
}

function shown({ name, description: { targets, ...rest } }: Pick<Configuration, "name" | "description">) {
  return { name, ...rest, targets: targets.length > 1_000 ? `${targets.slice(0, 1_000)}…` : targets };
}

/** Whom the history's entries about a configuration are about. */
export function subjectOfConfiguration(id: string, name: string) {
  return { subject: `configuration:${id}`, subjectName: name };
}

export const configurationHandlers: HandlersOf<typeof configurationOperations> = {
  saveConfiguration(tx, { organization, id: givenId, urn, token, runInputs, ...settings }) {
    const existing =
      tx.queries.first(rows().where("id", "=", givenId)) ??
      (urn === undefined ? undefined : tx.queries.first(rows().where("urn", "=", urn)));
    if (existing !== undefined && existing.organization !== organization) {
      throw new ApplianceError({
        code: "conflict",
        message: `this configuration exists in organization "${existing.organization}" (${existing.id})`,
        hint: "delete it there first: a configuration does not move between organizations",
      });
    }
    const id = existing?.id ?? givenId;
    requireFreeName(tx, organization, settings.name, id);
    const before = existing === undefined ? undefined : describe(existing);
    const changes = changesBetween(before === undefined ? {} : shown(before), shown(settings));
    const row = {
      id,
      organization,
      urn: urn ?? existing?.urn ?? null,
      name: settings.name,
      description: JSON.stringify(settings.description),
      token_fingerprint: token === undefined ? null : fingerprintOf(tx, token),
      created_at: existing?.created_at ?? tx.now,
      updated_at: changes.length > 0 || existing === undefined ? tx.now : existing.updated_at,
    };
    tx.queries.run(
      build
        .insertInto("configurations")
        .values(row)
        .onConflict((conflict) => conflict.column("id").doUpdateSet(row)),
    );
    const kept = keepSchedule(tx, {
      configurationId: id,
      description: settings.description,
      before: before?.description,
      runInputs,
    });
    const held = existing?.token_fingerprint ?? null;
    const brought =
      held === row.token_fingerprint
        ? []
        : [secretChange("token", { from: held !== null, to: row.token_fingerprint !== null })];
    recordChanges(tx, subjectOfConfiguration(id, settings.name), [...changes, ...brought, ...kept]);
    return describe(row);
  },

  getConfiguration(tx, { id }) {
    const row = tx.queries.first(rows().where("id", "=", id));
    if (row !== undefined) return list(tx, row);
    throw notFound(id);
  },

  findConfiguration(tx, { organization, name, urn }) {
    if (name === undefined && urn === undefined) {
      throw new ApplianceError({ code: "invalid", message: "expected a name or a URN to find a configuration by" });
    }
    let query = rows().where("organization", "=", organization);
    if (name !== undefined) query = query.where("name", "=", name);
    if (urn !== undefined) query = query.where("urn", "=", urn);
    const row = tx.queries.first(query);
    return row === undefined ? null : list(tx, row);
  },

  listConfigurations(tx, { organization, limit, after }) {
    let query = rows()
      .where("organization", "=", organization)
      .orderBy("name")
      .limit(limit + 1);
    if (after !== undefined) query = query.where("name", ">", textAt(after, 0));
    const { items, next } = page(
      tx.queries.all(query),
      limit,
      (row) => [row.name],
      (row) => list(tx, row),
    );
    return { configurations: items, next };
  },

  deleteConfiguration(tx, { id }) {
    const row = tx.queries.first(rows().where("id", "=", id));
    if (row === undefined) return { deleted: false };
    tx.queries.run(build.deleteFrom("configurations").where("id", "=", id));
    recordChanges(tx, subjectOfConfiguration(id, row.name), changesBetween(shown(describe(row)), {}));
    return { deleted: true };
  },
};
