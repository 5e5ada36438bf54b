import { deflateRawSync, inflateRawSync } from "node:zlib";
import { type TaskType, taskType } from "../operations/task-types.ts";
import { build } from "./query.ts";
import type { Transaction } from "./transaction.ts";

/** Outputs that an organization may have turned off: what scripts and agents log. */
const LOGS: readonly TaskType[] = ["script", "log-upload"];

/** What a task said. */
export interface TaskOutput {
  readonly output: string;
  readonly outputTruncated: boolean;
}

function placeOf(taskId: string): string {
  return `task-output/${taskId}`;
}

function logsAreOff(tx: Transaction, organization: string): boolean {
  const row = tx.queries.first(
    build.selectFrom("agent_settings").select("log_retention").where("organization", "=", organization),
  );
  return row?.log_retention === "off";
}

/** Whatever comes from a machine moves no cursor of those who read it. */
function harmless(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\r\t]/gu, "\uFFFD");
}

/** Keeps what a task said, unless the organization has its agents' logs turned off. */
export function keepOutput(
  tx: Transaction,
  task: { readonly id: string; readonly organization: string; readonly type: string },
  { output, outputTruncated }: TaskOutput,
): void {
  if (LOGS.includes(taskType.parse(task.type)) && logsAreOff(tx, task.organization)) return;
  const packed = deflateRawSync(Buffer.from(harmless(output))).toString("base64");
  const row = {
    task_id: task.id,
    sealed: tx.keys.seal(packed, placeOf(task.id)),
    truncated: outputTruncated ? 1 : 0,
  };
  tx.queries.run(
    build
      .insertInto("task_outputs")
      .values(row)
      .onConflict((conflict) => conflict.column("task_id").doUpdateSet(row)),
  );
}

/** What a task said, if anything is kept of it. */
export function readOutput(tx: Transaction, taskId: string): TaskOutput | undefined {
  const row = tx.queries.first(build.selectFrom("task_outputs").selectAll().where("task_id", "=", taskId));
  if (row === undefined) return undefined;
  const packed = tx.keys.unseal(row.sealed, placeOf(taskId));
  return {
    output: inflateRawSync(Buffer.from(packed, "base64")).toString("utf8"),
    outputTruncated: row.truncated === 1,
  };
}
