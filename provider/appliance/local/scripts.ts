import { createHash } from "node:crypto";
import { ApplianceError } from "../errors.ts";
import type { scriptOperations } from "../operations/scripts.ts";
import { MAX_AHEAD_SECONDS, MAX_SCRIPTS_FOR_LATER, TASK_PAYLOADS } from "../operations/task-types.ts";
import type { HandlersOf } from "./handlers.ts";
import { build, listed } from "./query.ts";
import { settingsOf } from "./settings.ts";
import { insertTask, keepPayload, payloadReader } from "./task-rows.ts";
import { moment, newId, type Transaction } from "./transaction.ts";

/** Agents spread their looks by a tenth of the interval, so that they do not come together. */
const SPREAD = 1.1;

/** Scripts that wait for a time of their own on a device, the first one first. */
function waiting(kuid: string) {
  return build
    .selectFrom("tasks")
    .select(["id", "payload_id", "run_at", "late_seconds", "timeout_seconds", "priority"])
    .where("kuid", "=", kuid)
    .where("state", "=", "ready")
    .where("run_at", "is not", null)
    .where("cancel_requested", "=", 0)
    .orderBy("run_at")
    .orderBy("sequence")
    .limit(MAX_SCRIPTS_FOR_LATER);
}

function textOf(payload: unknown): Buffer {
  return Buffer.from(TASK_PAYLOADS.script.parse(payload).script);
}

function sha256Of(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** What a scripting update says: the scripts that its agent is to keep, without their texts. */
export function scriptsFor(tx: Transaction, kuid: string): Record<string, unknown> {
  const payloadOf = payloadReader(tx);
  return {
    scripts: tx.queries.all(waiting(kuid)).map((row) => ({
      id: row.id,
      sha256: sha256Of(textOf(payloadOf(row.payload_id))),
      at: moment(row.run_at ?? 0),
      lateSeconds: row.late_seconds ?? 0,
      timeoutSeconds: row.timeout_seconds,
      priority: row.priority,
    })),
  };
}

/** The text of a script that waits for a device. */
export function scriptFor(tx: Transaction, kuid: string, sha256: string): Buffer | undefined {
  const payloadOf = payloadReader(tx);
  return tx.queries
    .all(waiting(kuid))
    .map((row) => textOf(payloadOf(row.payload_id)))
    .find((text) => sha256Of(text) === sha256);
}

/** Once a scripting update was sent, its agent may keep what waits: from then on it is asked, not told. */
export function scriptsWereSent(tx: Transaction, kuid: string): void {
  tx.queries.run(
    build
      .updateTable("tasks")
      .set({ sent_at: tx.now })
      .where("id", "in", waiting(kuid).clearSelect().select("id"))
      .where("sent_at", "is", null),
  );
}

/** @throws ApplianceError where a script cannot be ordered for that time */
export function requireTimeFor(tx: Transaction, at: number, kuids: readonly string[]): void {
  if (at <= tx.now || at > tx.now + 1_000 * MAX_AHEAD_SECONDS) {
    const message = `${moment(at)} is ${at <= tx.now ? "past" : "more than 366 days ahead"}: expected a time to come`;
    throw new ApplianceError({
      code: "invalid",
      message: `payload.at: ${message}`,
      hint: "leave it out to have the script run now",
      problems: [{ path: ["payload", "at"], message }],
    });
  }
  const full = tx.queries.first(
    build
      .selectFrom("tasks")
      .select("kuid")
      .where("kuid", "in", listed(kuids))
      .where("state", "=", "ready")
      .where("run_at", "is not", null)
      .groupBy("kuid")
      .having((eb) => eb.fn.countAll<number>(), ">=", MAX_SCRIPTS_FOR_LATER),
  );
  if (full !== undefined)
    throw new ApplianceError({
      code: "conflict",
      message: `${MAX_SCRIPTS_FOR_LATER} scripts wait for their time on device ${full.kuid} already`,
      hint: "an agent keeps no more: call some back with `kace tasks cancel`",
    });
}

/**
 * Has agents look for a script at once whose time comes before all of them will have looked by themselves.
 *
 * @returns whether it did
 */
export function hurryScript(tx: Transaction, organization: string, at: number, kuids: readonly string[]): boolean {
  const { scriptingUpdateIntervalSeconds } = settingsOf(tx, organization);
  if (at - tx.now > 1_000 * scriptingUpdateIntervalSeconds * SPREAD) return false;
  queueUpdates(tx, organization, kuids);
  return true;
}

/** Queues a scripting update for those devices for which none waits that nobody has heard of. */
function queueUpdates(tx: Transaction, organization: string, kuids: readonly string[]): void {
  const waits = tx.queries.all(
    build
      .selectFrom("tasks")
      .select("kuid")
      .where("kuid", "in", listed(kuids))
      .where("type", "=", "scripting-update")
      .where("state", "=", "ready")
      .where("cancel_requested", "=", 0)
      .where("sent_at", "is", null),
  );
  const has = new Set(waits.map(({ kuid }) => kuid));
  const missing = kuids.filter((kuid) => !has.has(kuid));
  if (missing.length === 0) return;
  const payloadId = keepPayload(tx, organization, {});
  const sourceId = newId(tx, "scripting-update");
  for (const kuid of missing)
    insertTask(tx, { id: newId(tx, "task"), organization, kuid, type: "scripting-update", sourceId, payloadId });
}

export const scriptHandlers: HandlersOf<typeof scriptOperations> = {
  recordScripts(tx, { kuid, held, look }) {
    const device = tx.queries.first(
      build.selectFrom("devices").select(["organization", "state"]).where("kuid", "=", kuid),
    );
    if (device?.state !== "approved") return { current: false };
    const ids = tx.queries.all(waiting(kuid)).map(({ id }) => id);
    const current = held === sha256Of([...ids].sort().join("\n"));
    if (current)
      tx.queries.run(
        build.updateTable("tasks").set({ held_at: tx.now }).where("id", "in", listed(ids)).where("held_at", "is", null),
      );
    else if (look) queueUpdates(tx, device.organization, [kuid]);
    return { current };
  },
};
