import type { Selectable } from "kysely";
import * as z from "zod";
import { abilities } from "../operations/devices.ts";
import { TASK_TYPES, type TaskType, taskType } from "../operations/task-types.ts";
import { type TaskState, type TaskView, taskState } from "../operations/task-words.ts";
import { LONG_WAIT_SECONDS, type Task } from "../operations/tasks.ts";
import { isConnected } from "./connections.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { fromColumn, moment, momentOrNone, newId, type Transaction } from "./transaction.ts";

/** A task, with what is needed of its device. */
export type TaskRow = Selectable<Tables["tasks"]> & {
  readonly hostname: string;
  readonly instance_id: string | null;
  readonly abilities: string;
};

/** States that nothing follows any more. */
export const ENDED: readonly TaskState[] = ["completed", "failed", "timed-out", "cancelled", "expired"];

/** Tasks with what is needed of their devices. */
export function taskRows() {
  return build
    .selectFrom("tasks")
    .innerJoin("devices", "devices.kuid", "tasks.kuid")
    .selectAll("tasks")
    .select(["devices.hostname", "devices.instance_id", "devices.abilities"]);
}

/** Narrows a query of {@link taskRows} to a view. @param instance the server that runs, if one does */
export function inView(
  query: ReturnType<typeof taskRows>,
  view: TaskView,
  { instance, now }: { readonly instance: string | undefined; readonly now: number },
): ReturnType<typeof taskRows> {
  if (view === "in-progress") return query.where("tasks.state", "=", "running");
  const ready = query.where("tasks.state", "=", "ready");
  // Compared with what no server is called, where none runs: nobody is connected then.
  const server = instance ?? "";
  if (view === "ready-connected") return ready.where("devices.instance_id", "=", server);
  const waiting = ready.where("devices.instance_id", "is distinct from", server);
  if (view === "ready") return waiting;
  const since = now - 1_000 * LONG_WAIT_SECONDS;
  return waiting
    .where("tasks.created_at", "<", since)
    .where("tasks.not_before", "<", since)
    .where("devices.last_seen_at", "<", since); // until then it had a connection, and waited for its turn
}

/** A task as the answers say it. */
export function describeTask(row: TaskRow, instance: string | undefined, now: number): Task {
  const isReady = row.state === "ready";
  const runMs = row.run_ms ?? (row.state === "running" && row.started_at !== null ? now - row.started_at : null);
  return {
    id: row.id,
    organization: row.organization,
    kuid: row.kuid,
    machine: row.hostname,
    type: taskType.parse(row.type),
    sourceId: row.source_id,
    state: taskState.parse(row.state),
    connected: isConnected(row, instance),
    priority: row.priority,
    timeoutSeconds: row.timeout_seconds,
    createdAt: moment(row.created_at),
    runAt: momentOrNone(row.run_at),
    heldSince: isReady ? momentOrNone(row.held_at) : undefined,
    nextRunAt: isReady ? moment(row.not_before) : undefined,
    startedAt: momentOrNone(row.started_at),
    completedAt: momentOrNone(row.completed_at),
    runSeconds: runMs === null ? undefined : Math.max(0, runMs) / 1_000,
    expiresAt: isReady ? moment(row.expires_at) : undefined,
    cancelRequested: row.cancel_requested === 1 && !ENDED.includes(taskState.parse(row.state)),
    exitCode: row.exit_code ?? undefined,
    note: row.note ?? (isReady ? whatItsAgentLacks(row) : undefined),
  };
}

/**
 * Why an agent is not given scripts for later: it is of a version that knows no scripting updates. Undefined where it
 * does, where it need not, or where it has not said yet what it can.
 */
export function whatItsAgentLacks(
  row: Pick<TaskRow, "type" | "run_at" | "abilities" | "instance_id">,
): string | undefined {
  if (row.type !== "scripting-update" && row.run_at === null) return undefined;
  const can = fromColumn(abilities, row.abilities, "what an agent can");
  if (can.includes(TASK_TYPES["scripting-update"].needs)) return undefined;
  if (can.length === 0 && row.instance_id === null) return undefined;
  return "its agent is of a version that keeps no scripts for later: it waits until that is updated";
}

const payloadSchema = z.record(z.string(), z.unknown());

function placeOf(payloadId: string): string {
  return `task-payload/${payloadId}`;
}

/** Keeps what tasks of one order say, encrypted, once for all of them. @returns its id */
export function keepPayload(tx: Transaction, organization: string, payload: Readonly<Record<string, unknown>>): string {
  const id = newId(tx, "payload");
  const sealed = tx.keys.seal(JSON.stringify(payload), placeOf(id));
  tx.queries.run(build.insertInto("task_payloads").values({ id, organization, sealed }));
  return id;
}

/** Reads payloads; those that several tasks share only once. */
export function payloadReader(tx: Transaction): (payloadId: string) => Record<string, unknown> {
  const read = new Map<string, Record<string, unknown>>();
  return (payloadId) => {
    const known = read.get(payloadId);
    if (known !== undefined) return known;
    const row = tx.queries.first(build.selectFrom("task_payloads").select("sealed").where("id", "=", payloadId));
    const place = placeOf(payloadId);
    const payload = row === undefined ? {} : fromColumn(payloadSchema, tx.keys.unseal(row.sealed, place), place);
    read.set(payloadId, payload);
    return payload;
  };
}

/** A task that is made; what is left out is as its type wants it. */
interface NewTask {
  readonly id: string;
  readonly organization: string;
  readonly kuid: string;
  readonly type: TaskType;
  readonly sourceId: string;
  readonly payloadId: string;
  readonly priority?: number | undefined;
  readonly timeoutSeconds?: number | undefined;
  /** Milliseconds since 1970. */
  readonly notBefore?: number;
  readonly expiresInSeconds?: number | undefined;
  /** Of a script that its agent begins by itself. */
  readonly forLater?: { readonly at: number; readonly lateSeconds: number } | undefined;
}

/** Makes a task that is ready. */
export function insertTask(tx: Transaction, { type, notBefore = tx.now, ...task }: NewTask): void {
  const rules = TASK_TYPES[type];
  tx.queries.run(
    build.insertInto("tasks").values({
      id: task.id,
      organization: task.organization,
      kuid: task.kuid,
      type,
      source_id: task.sourceId,
      payload_id: task.payloadId,
      state: "ready",
      priority: task.priority ?? rules.priority,
      timeout_seconds: task.timeoutSeconds ?? rules.timeoutSeconds,
      throttled: rules.throttled ? 1 : 0,
      created_at: tx.now,
      not_before: notBefore,
      expires_at: notBefore + 1_000 * (task.expiresInSeconds ?? rules.keepSeconds),
      sent_at: null,
      sent_connection: null,
      started_at: null,
      completed_at: null,
      run_ms: null,
      cancel_requested: 0,
      given_up: 0,
      exit_code: null,
      note: null,
      run_at: task.forLater?.at ?? null,
      late_seconds: task.forLater?.lateSeconds ?? null,
    }),
  );
}
