import { ApplianceError } from "../errors.ts";
import { LATE_SECONDS, TASK_PAYLOADS } from "../operations/task-types.ts";
import type { taskOperations } from "../operations/tasks.ts";
import type { HandlersOf } from "./handlers.ts";
import { recipients } from "./messages.ts";
import { numberAt, page } from "./paging.ts";
import { build, listed } from "./query.ts";
import { hurryScript } from "./scripting-updates.ts";
import { requireTimeFor } from "./scripts.ts";
import { runningInstance } from "./server.ts";
import { settingsOf } from "./settings.ts";
import { giveUpTasks, listDueTasks, recordTasks } from "./task-dispatch.ts";
import { readOutput } from "./task-outputs.ts";
import { describeTask, insertTask, inView, keepPayload, taskRows } from "./task-rows.ts";
import { newId, recordChanges, type Transaction } from "./transaction.ts";

/** How many tasks may wait or run in all: whoever orders something of everybody again and again must not fill the disk. */
const MAX_OPEN_TASKS = 1_000_000;

function requireRoom(tx: Transaction, wanted: number): void {
  const open = tx.queries.first(
    build
      .selectFrom("tasks")
      .select((eb) => eb.fn.countAll<number>().as("n"))
      .where("state", "in", ["ready", "running"]),
  );
  if ((open?.n ?? 0) + wanted <= MAX_OPEN_TASKS) return;
  throw new ApplianceError({
    code: "conflict",
    message: `${open?.n} tasks wait or run, and at most ${MAX_OPEN_TASKS} may`,
    hint: "wait until they have ended, or call them back with `kace tasks cancel`",
  });
}

/** When an agent is to begin a script by itself. */
function timeIn(payload: unknown): { at: number; lateSeconds: number } | undefined {
  const { at, lateSeconds = LATE_SECONDS } = TASK_PAYLOADS.script.parse(payload);
  return at === undefined ? undefined : { at: Date.parse(at), lateSeconds };
}

function twoTimes(): ApplianceError {
  return new ApplianceError({
    code: "invalid",
    message: '"notBefore" and "payload.at" are two times of one script',
    hint: "`payload.at`: its agent begins it then, with or without the server; `notBefore`: the server has it begun then",
  });
}

export const taskHandlers: HandlersOf<typeof taskOperations> = {
  queueTasks(
    tx,
    { organization, kuids, type, payload, priority, timeoutSeconds, notBefore, expiresInSeconds, ...given },
  ) {
    requireRoom(tx, kuids.length);
    const all = recipients(tx, organization, kuids);
    const sourceId = given.sourceId ?? newId(tx, type);
    const forLater = type === "script" ? timeIn(payload) : undefined;
    if (forLater !== undefined) {
      if (notBefore !== undefined) throw twoTimes();
      requireTimeFor(tx, forLater.at, kuids);
    }
    const payloadId = keepPayload(tx, organization, payload);
    const begins = forLater?.at ?? Math.max(tx.now, notBefore === undefined ? 0 : Date.parse(notBefore));
    const tasks = all.map(({ kuid }) => {
      const id = newId(tx, "task");
      insertTask(tx, {
        id,
        organization,
        kuid,
        type,
        sourceId,
        payloadId,
        priority,
        timeoutSeconds,
        notBefore: begins,
        expiresInSeconds,
        forLater,
      });
      return { id, kuid };
    });
    if (forLater !== undefined)
      hurryScript(tx, organization, { at: forLater.at, kuids: [...new Set(kuids)] }, settingsOf(tx, organization));
    const [only] = all.length === 1 ? all : [];
    const subject =
      only === undefined
        ? { subject: `tasks:${sourceId}`, subjectName: `${all.length} devices` }
        : { subject: `device:${only.kuid}`, subjectName: only.hostname };
    // What is to be done is not said: a script may hold secrets.
    recordChanges(tx, subject, [{ property: `${type} task`, from: null, to: sourceId }]);
    return { sourceId, tasks };
  },

  listTasks(tx, { organization, view, kuids, types, sourceId, states, limit, after }) {
    const instance = runningInstance(tx);
    let query = taskRows()
      .where("tasks.organization", "=", organization)
      .orderBy("tasks.sequence", "desc")
      .limit(limit + 1);
    if (view !== undefined) query = inView(query, view, { instance, now: tx.now });
    if (kuids !== undefined) query = query.where("tasks.kuid", "in", listed(kuids));
    if (types !== undefined) query = query.where("tasks.type", "in", listed(types));
    if (states !== undefined) query = query.where("tasks.state", "in", listed(states));
    if (sourceId !== undefined) query = query.where("tasks.source_id", "=", sourceId);
    if (after !== undefined) query = query.where("tasks.sequence", "<", numberAt(after, 0));
    const { items, next } = page(
      tx.queries.all(query),
      limit,
      (row) => [row.sequence],
      (row) => describeTask(row, instance, tx.now),
    );
    return { tasks: items, next };
  },

  getTask(tx, { organization, id }) {
    const row = tx.queries.first(taskRows().where("tasks.organization", "=", organization).where("tasks.id", "=", id));
    if (row === undefined)
      throw new ApplianceError({
        code: "not-found",
        message: `there is no task "${id}"`,
        hint: "`kace tasks list` shows those there are; 30 days after its end a task is forgotten",
      });
    const said = readOutput(tx, id);
    return {
      ...describeTask(row, runningInstance(tx), tx.now),
      output: said?.output,
      outputTruncated: said?.outputTruncated ?? false,
    };
  },

  cancelTasks(tx, { organization, ids, sourceId }) {
    let which = build
      .selectFrom("tasks")
      .select(["id", "sent_at"])
      .where("organization", "=", organization)
      .where("state", "in", ["ready", "running"])
      .where("cancel_requested", "=", 0);
    if (ids !== undefined) which = which.where("id", "in", listed(ids));
    if (sourceId !== undefined) which = which.where("source_id", "=", sourceId);
    const found = tx.queries.all(which);
    const unsent = found.filter(({ sent_at }) => sent_at === null).map(({ id }) => id);
    // One that was sent may run on a machine that has not said so yet: its agent is asked.
    const sent = found.filter(({ sent_at }) => sent_at !== null).map(({ id }) => id);
    tx.queries.run(
      build.updateTable("tasks").set({ state: "cancelled", completed_at: tx.now }).where("id", "in", listed(unsent)),
    );
    tx.queries.run(build.updateTable("tasks").set({ cancel_requested: 1 }).where("id", "in", listed(sent)));
    if (found.length > 0)
      recordChanges(tx, { subject: `tasks:${sourceId ?? "several"}`, subjectName: `${found.length} tasks` }, [
        { property: "cancelled", from: null, to: found.length },
      ]);
    return { cancelled: unsent.length, asked: sent.length };
  },

  listDueTasks,
  recordTasks,
  giveUpTasks,
};
