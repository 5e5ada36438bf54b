import type { Selectable } from "kysely";
import { compareVersions } from "../../agent/versions.ts";
import type { TaskState } from "../operations/task-words.ts";
import { taskState } from "../operations/task-words.ts";
import type { Attempt } from "../updates/evaluate.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import type { Transaction } from "./transaction.ts";

/** How long after its end an update may still wait for the new agent to say hello. */
const HELLO_WAIT_MS = 15 * 60_000;

/** What is known of an update that a policy began; `queued`: its agent has not heard of it. */
export type KnownAttempt = Attempt | { readonly state: "queued"; readonly version: string; readonly taskId: string };

type Row = Selectable<Tables["update_attempts"]>;
type Joined = Row & {
  readonly task_state: string | null;
  readonly sent_at: number | null;
  readonly completed_at: number | null;
  readonly note: string | null;
};

/** How an update ended. */
export type AttemptEnd =
  | { readonly state: "done" }
  | { readonly state: "failed"; readonly reason: string }
  /** It never began: nothing is known against it. */
  | { readonly state: "dropped" };

function attemptRows(organization: string) {
  return build
    .selectFrom("update_attempts")
    .leftJoin("tasks", "tasks.id", "update_attempts.task_id")
    .selectAll("update_attempts")
    .select(["tasks.state as task_state", "tasks.sent_at", "tasks.completed_at", "tasks.note"])
    .where("update_attempts.organization", "=", organization);
}

/** What became of an update so far; undefined while it goes on. */
function endOf(row: Joined, agentVersion: string, nowMs: number): AttemptEnd | undefined {
  if (row.task_state === null) return { state: "dropped" };
  const state: TaskState = taskState.parse(row.task_state);
  switch (state) {
    case "ready":
    case "running":
      return undefined;
    case "completed":
      if (compareVersions(agentVersion, row.version) >= 0) return { state: "done" };
      if (nowMs - (row.completed_at ?? 0) < HELLO_WAIT_MS) return undefined;
      return { state: "failed", reason: `its agent said it was done, and is ${agentVersion} still` };
    case "failed":
    case "timed-out":
      // Somebody else has brought the machine there meanwhile, or further, which an agent may take for its own failure.
      if (compareVersions(agentVersion, row.version) >= 0) return { state: "done" };
      return { state: "failed", reason: row.note ?? `the update ${state === "failed" ? "failed" : "took too long"}` };
    case "cancelled":
      return { state: "failed", reason: "the update was called back" };
    case "expired":
      return { state: "dropped" };
    default:
      return state satisfies never;
  }
}

/** What a policy began on the machines of an organization, and other updates of theirs that are under way. */
export function attemptsOf(
  tx: Transaction,
  organization: string,
  generation: number,
): { of(kuid: string, agentVersion: string): KnownAttempt | undefined } {
  const rows = new Map(tx.queries.all(attemptRows(organization)).map((row) => [row.kuid, row]));
  const others = new Set(othersUnderWay(tx, organization));
  return {
    of(kuid, agentVersion) {
      const row = rows.get(kuid);
      if (others.has(kuid)) return { state: "under-way", version: row?.version ?? "another version" };
      if (row === undefined) return undefined;
      const { version } = row;
      if (row.state === "failed" || row.state === "cancelled")
        return row.generation === generation ? { state: "failed", version, reason: row.reason ?? "" } : undefined;
      if (row.state === "done") return undefined;
      const end = endOf(row, agentVersion, tx.now);
      if (end === undefined)
        return row.task_state === "ready" && row.sent_at === null
          ? { state: "queued", version, taskId: row.task_id }
          : { state: "under-way", version };
      if (end.state !== "failed" || row.generation !== generation) return undefined;
      return { state: "failed", version, reason: end.reason };
    },
  };
}

/** Machines that somebody else updates now. */
function othersUnderWay(tx: Transaction, organization: string): string[] {
  const own = build.selectFrom("update_attempts").select("task_id").where("organization", "=", organization);
  const query = build
    .selectFrom("tasks")
    .select("kuid")
    .where("organization", "=", organization)
    .where("type", "=", "self-update")
    .where("state", "in", ["ready", "running"])
    .where("id", "not in", own);
  return tx.queries.all(query).map(({ kuid }) => kuid);
}

/** Takes notice of the updates of an organization that ended. @returns those that failed */
export function settleAttempts(
  tx: Transaction,
  organization: string,
  versionOf: (kuid: string) => string | undefined,
): readonly { readonly kuid: string; readonly version: string; readonly reason: string }[] {
  const open = tx.queries.all(attemptRows(organization).where("update_attempts.state", "=", "under-way"));
  return open.flatMap((row) => {
    const end = endOf(row, versionOf(row.kuid) ?? "0", tx.now);
    if (end === undefined) return [];
    if (end.state === "dropped") {
      forgetAttempt(tx, row.kuid);
      return [];
    }
    const calledBack = row.task_state === "cancelled";
    tx.queries.run(
      build
        .updateTable("update_attempts")
        .set({
          state: calledBack ? "cancelled" : end.state,
          reason: end.state === "failed" ? end.reason : null,
          settled_at: tx.now,
        })
        .where("kuid", "=", row.kuid),
    );
    return end.state === "failed" && !calledBack ? [{ kuid: row.kuid, version: row.version, reason: end.reason }] : [];
  });
}

/** How many updates failed in a rollout, after a moment. */
export function failuresSince(
  tx: Transaction,
  { organization, generation, sinceMs }: { organization: string; generation: number; sinceMs: number },
): number {
  const found = tx.queries.first(
    build
      .selectFrom("update_attempts")
      .select((eb) => eb.fn.countAll<number>().as("n"))
      .where("organization", "=", organization)
      .where("generation", "=", generation)
      .where("state", "=", "failed")
      .where("settled_at", ">", sinceMs),
  );
  return found?.n ?? 0;
}

/** Records that an update was queued; it takes the place of what was known of the machine before. */
export function beginAttempt(
  tx: Transaction,
  attempt: Pick<Row, "kuid" | "organization" | "generation" | "version" | "task_id">,
): void {
  const row: Row = { ...attempt, state: "under-way", reason: null, queued_at: tx.now, settled_at: null };
  tx.queries.run(
    build
      .insertInto("update_attempts")
      .values(row)
      .onConflict((conflict) => conflict.column("kuid").doUpdateSet(row)),
  );
}

/** Calls back an update that its agent has not heard of. */
export function callBack(tx: Transaction, kuid: string, taskId: string): void {
  tx.queries.run(
    build
      .updateTable("tasks")
      .set({ state: "cancelled", completed_at: tx.now, note: "the update policy does not want it any more" })
      .where("id", "=", taskId)
      .where("state", "=", "ready")
      .where("sent_at", "is", null),
  );
  forgetAttempt(tx, kuid);
}

function forgetAttempt(tx: Transaction, kuid: string): void {
  tx.queries.run(build.deleteFrom("update_attempts").where("kuid", "=", kuid));
}

/** Calls back all updates of a policy that no agent has heard of. */
export function callBackAll(tx: Transaction, organization: string): void {
  const waiting = tx.queries.all(
    attemptRows(organization)
      .where("update_attempts.state", "=", "under-way")
      .where("tasks.state", "=", "ready")
      .where("tasks.sent_at", "is", null),
  );
  for (const { kuid, task_id } of waiting) callBack(tx, kuid, task_id);
}

/** How many updates wait or run, in all organizations. */
export function updatesUnderWay(tx: Transaction): number {
  const found = tx.queries.first(
    build
      .selectFrom("tasks")
      .select((eb) => eb.fn.countAll<number>().as("n"))
      .where("type", "=", "self-update")
      .where("state", "in", ["ready", "running"]),
  );
  return found?.n ?? 0;
}
