import { TASK_TYPES, type TaskType, taskType } from "../operations/task-types.ts";
import { type TaskState, taskState } from "../operations/task-words.ts";
import {
  GIVE_UP_SLACK_SECONDS,
  KEEP_ENDED_SECONDS,
  MAX_ANNOUNCED,
  type TaskReport,
  type taskOperations,
} from "../operations/tasks.ts";
import { applianceRow, throughputOf } from "./appliance-settings.ts";
import type { HandlersOf } from "./handlers.ts";
import { build, listed } from "./query.ts";
import { scriptsFor, scriptsWereSent } from "./scripts.ts";
import { keepOutput } from "./task-outputs.ts";
import { ENDED, insertTask, keepPayload, payloadReader, whatItsAgentLacks } from "./task-rows.ts";
import type { Transaction } from "./transaction.ts";

type Handlers = HandlersOf<typeof taskOperations>;

/** How many tasks that ended long ago are forgotten in one go. */
const FORGOTTEN_AT_ONCE = 1_000;

/** What an agent is working on, as far as its present connection can tell. */
function inHand(instanceId: string) {
  return build
    .selectFrom("tasks as other")
    .innerJoin("devices as holder", "holder.kuid", "other.kuid")
    .where("holder.instance_id", "=", instanceId)
    .where("other.throttled", "=", 1)
    .where("other.state", "in", ["ready", "running"])
    .where((eb) =>
      eb.or([eb("other.state", "=", "running"), eb("other.sent_connection", "=", eb.ref("holder.connection_id"))]),
    );
}

/** Tasks whose time has come, of connected devices that have not heard of them by the present connection. */
function due(tx: Transaction, instanceId: string, throttled: boolean) {
  const open = build
    .selectFrom("tasks")
    .innerJoin("devices", "devices.kuid", "tasks.kuid")
    .select(["tasks.id", "tasks.kuid", "tasks.type", "tasks.priority", "tasks.timeout_seconds", "tasks.payload_id"])
    .where("tasks.state", "=", "ready")
    .where("tasks.throttled", "=", throttled ? 1 : 0)
    // What agents begin by themselves comes to them by scripting updates.
    .where("tasks.run_at", "is", null)
    .where("tasks.cancel_requested", "=", 0)
    .where("tasks.not_before", "<=", tx.now)
    .where("tasks.expires_at", ">", tx.now)
    .where("devices.instance_id", "=", instanceId)
    .where("devices.state", "=", "approved")
    .where((eb) =>
      eb.or([
        eb("tasks.sent_connection", "is", null),
        eb("tasks.sent_connection", "is distinct from", eb.ref("devices.connection_id")),
      ]),
    )
    .where((eb) =>
      eb.or(
        taskType.options.map((type) =>
          eb.and([eb("tasks.type", "=", type), eb("devices.abilities", "like", `%"${TASK_TYPES[type].needs}"%`)]),
        ),
      ),
    )
    .orderBy("tasks.priority")
    .orderBy("tasks.sequence");
  if (!throttled) return open;
  return open.where("tasks.kuid", "not in", inHand(instanceId).select("other.kuid"));
}

/** The first row of each device. */
function firstOfEach<Row extends { readonly kuid: string }>(rows: readonly Row[]): Row[] {
  const seen = new Set<string>();
  return rows.filter(({ kuid }) => !seen.has(kuid) && seen.add(kuid));
}

export const listDueTasks: Handlers["listDueTasks"] = (tx, { instanceId, limit }) => {
  const busy = tx.queries.first(inHand(instanceId).select((eb) => eb.fn.countAll<number>().as("n")))?.n ?? 0;
  const room = Math.min(limit, throughputOf(applianceRow(tx)) - busy);
  const free = tx.queries.all(due(tx, instanceId, false).limit(limit));
  const throttled = room > 0 ? firstOfEach(tx.queries.all(due(tx, instanceId, true).limit(limit))) : [];
  const payloadOf = payloadReader(tx);
  const cancels = tx.queries.all(
    build
      .selectFrom("tasks")
      .innerJoin("devices", "devices.kuid", "tasks.kuid")
      .select(["tasks.id", "tasks.kuid"])
      .where("tasks.state", "in", ["ready", "running"])
      .where("tasks.cancel_requested", "=", 1)
      .where("devices.instance_id", "=", instanceId)
      .limit(limit),
  );
  return {
    tasks: [...free, ...throttled.slice(0, Math.max(0, room))].map((row) => ({
      id: row.id,
      kuid: row.kuid,
      type: taskType.parse(row.type),
      priority: row.priority,
      timeoutSeconds: row.timeout_seconds,
      payload: row.type === "scripting-update" ? scriptsFor(tx, row.kuid) : payloadOf(row.payload_id),
    })),
    cancels,
    overdue: tx.queries.first(overdue(tx).select("tasks.id").limit(1)) !== undefined || ended(tx, 1).length > 0,
  };
};

/** What has had its time: ready and not there, or begun and never ended. */
function overdue(tx: Transaction) {
  return build
    .selectFrom("tasks")
    .where((eb) =>
      eb.or([
        eb.and([eb("tasks.state", "=", "ready"), eb("tasks.expires_at", "<=", tx.now)]),
        eb.and([
          eb("tasks.state", "=", "running"),
          eb(
            eb("tasks.started_at", "+", eb(eb.parens("tasks.timeout_seconds", "+", GIVE_UP_SLACK_SECONDS), "*", 1_000)),
            "<=",
            tx.now,
          ),
        ]),
      ]),
    );
}

function whyNotTaken(row: Parameters<typeof whatItsAgentLacks>[0] & { readonly held_at: number | null }): string {
  if (row.held_at !== null) return "its agent keeps it, and has not said in time what became of it";
  return whatItsAgentLacks(row) ?? "its machine did not take it in time";
}

function ended(tx: Transaction, limit: number) {
  return tx.queries.all(
    build
      .selectFrom("tasks")
      .select(["id", "payload_id"])
      .where("completed_at", "<=", tx.now - 1_000 * KEEP_ENDED_SECONDS)
      .limit(limit),
  );
}

export const giveUpTasks: Handlers["giveUpTasks"] = (tx) => {
  const late = tx.queries.all(
    overdue(tx)
      .innerJoin("devices", "devices.kuid", "tasks.kuid")
      .select(["tasks.id", "tasks.type", "tasks.state", "tasks.cancel_requested"])
      .select(["tasks.run_at", "tasks.held_at", "devices.abilities", "devices.instance_id"]),
  );
  for (const row of late) {
    const { id, state, cancel_requested } = row;
    const outcome: { state: TaskState; note: string } =
      state === "ready"
        ? { state: "expired", note: whyNotTaken(row) }
        : { state: "timed-out", note: "given up: its agent did not say in time what became of it" };
    tx.queries.run(
      build
        .updateTable("tasks")
        .set({ ...outcome, ...(cancel_requested === 1 && { state: "cancelled" }), completed_at: tx.now, given_up: 1 })
        .where("id", "=", id),
    );
  }
  forget(tx, ended(tx, FORGOTTEN_AT_ONCE));
  return { ended: late.length };
};

function forget(tx: Transaction, old: readonly { readonly id: string; readonly payload_id: string }[]): void {
  if (old.length === 0) return;
  const ids = old.map(({ id }) => id);
  tx.queries.run(build.deleteFrom("tasks").where("id", "in", listed(ids)));
  const used = build.selectFrom("tasks").select("payload_id");
  const payloads = [...new Set(old.map(({ payload_id }) => payload_id))];
  tx.queries.run(build.deleteFrom("task_payloads").where("id", "in", listed(payloads)).where("id", "not in", used));
}

export const recordTasks: Handlers["recordTasks"] = (tx, { tasks }) => {
  for (const report of tasks) {
    if (report.status !== "sent" && report.announced !== undefined)
      announce(tx, report.kuid, report.id, report.announced);
    const row = tx.queries.first(build.selectFrom("tasks").selectAll().where("id", "=", report.id));
    if (row?.kuid !== report.kuid) continue;
    const state = taskState.parse(row.state);
    if (ENDED.includes(state) && row.given_up === 0) continue;
    if (report.status === "sent") {
      const connection = build.selectFrom("devices").select("connection_id").where("kuid", "=", report.kuid);
      // An agent may answer before it is recorded that the task was sent.
      tx.queries.run(
        build
          .updateTable("tasks")
          .set({ sent_at: tx.now, sent_connection: connection })
          .where("id", "=", row.id)
          .where("state", "=", "ready"),
      );
      if (row.type === "scripting-update") scriptsWereSent(tx, row.kuid);
    } else if (report.status === "started") {
      tx.queries.run(
        build
          .updateTable("tasks")
          .set({ state: "running", started_at: tx.now, sent_at: row.sent_at ?? tx.now })
          .where("id", "=", row.id)
          .where("state", "=", "ready"),
      );
    } else end(tx, row, { ...report, status: report.status });
  }
  return {};
};

/** Makes the task that an agent began itself, if it is its own and not known. */
function announce(tx: Transaction, kuid: string, id: string, type: TaskType): void {
  const device = tx.queries.first(build.selectFrom("devices").select("organization").where("kuid", "=", kuid));
  const known = tx.queries.first(build.selectFrom("tasks").select("id").where("id", "=", id));
  if (device === undefined || known !== undefined || !id.startsWith(`crash-${kuid}-`)) return;
  insertTask(tx, {
    id,
    organization: device.organization,
    kuid,
    type,
    sourceId: id,
    payloadId: keepPayload(tx, device.organization, {}),
  });
  const mine = build.selectFrom("tasks").select("id").where("kuid", "=", kuid).where("type", "=", type);
  const newest = mine.orderBy("sequence", "desc").limit(MAX_ANNOUNCED);
  forget(tx, tx.queries.all(mine.select("payload_id").where("id", "not in", newest)));
}

type Ending = TaskReport & { readonly status: Exclude<TaskReport["status"], "started"> };

function end(
  tx: Transaction,
  row: {
    readonly id: string;
    readonly organization: string;
    readonly type: string;
    readonly started_at: number | null;
    readonly run_at: number | null;
    readonly created_at: number;
    readonly cancel_requested: number;
  },
  { status, notBegun = false, note, exitCode, output, outputTruncated = false, runMs, endedAt }: Ending,
): void {
  // A machine's clock may be wrong: nothing ends before it was ordered, or after it was told.
  const said = row.run_at === null || endedAt === undefined ? tx.now : Date.parse(endedAt);
  const completedAt = Math.min(Math.max(said, row.created_at), tx.now);
  // It may be given again, like one that its machine did not take in time.
  const reached: TaskState = status === "failed" && notBegun ? "expired" : status;
  const startedAt = Math.min(row.started_at ?? completedAt - (runMs ?? 0), completedAt);
  tx.queries.run(
    build
      .updateTable("tasks")
      .set({
        state: row.cancel_requested === 1 && status !== "completed" ? "cancelled" : reached,
        started_at: startedAt,
        completed_at: completedAt,
        run_ms: runMs ?? completedAt - startedAt,
        given_up: 0,
        exit_code: exitCode ?? null,
        note: note ?? null,
      })
      .where("id", "=", row.id),
  );
  if (output !== undefined && output !== "") keepOutput(tx, row, { output, outputTruncated });
}
