import { createHash } from "node:crypto";
import { ApplianceError } from "../errors.ts";
import type { scriptOperations } from "../operations/scripts.ts";
import { MAX_AHEAD_SECONDS, MAX_SCRIPTS_FOR_LATER, TASK_PAYLOADS } from "../operations/task-types.ts";
import type { HandlersOf } from "./handlers.ts";
import { build, listed } from "./query.ts";
import { lookedBy, queueUpdates, wasSentAfter } from "./scripting-updates.ts";
import { settingsOf } from "./settings.ts";
import { payloadReader } from "./task-rows.ts";
import { moment, type Transaction } from "./transaction.ts";

/** An agent that has just been sent an update and lacks some script all the same would lack it after the next one too. */
const UPDATE_AGAIN_MS = 600_000;

/** Scripts that wait for a time of their own on a device, or to be called back from it. */
function known(kuid: string) {
  return build
    .selectFrom("tasks")
    .select([
      "id",
      "payload_id",
      "run_at",
      "late_seconds",
      "timeout_seconds",
      "priority",
      "held_at",
      "cancel_requested",
    ])
    .where("kuid", "=", kuid)
    .where("state", "=", "ready")
    .where("run_at", "is not", null);
}

/** Those of them that its agent is to keep, the first one first. */
function waiting(kuid: string) {
  return known(kuid)
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

/** What an agent says that keeps these scripts. */
function hashOf(scripts: readonly { readonly id: string }[]): string {
  return sha256Of(
    scripts
      .map(({ id }) => id)
      .sort()
      .join("\n"),
  );
}

function setHeld(tx: Transaction, scripts: readonly { readonly id: string }[], at: number | null): void {
  if (scripts.length === 0) return;
  const ids = listed(scripts.map(({ id }) => id));
  tx.queries.run(build.updateTable("tasks").set({ held_at: at }).where("id", "in", ids));
}

export const scriptHandlers: HandlersOf<typeof scriptOperations> = {
  recordScripts(tx, { kuid, held, look }) {
    const device = tx.queries.first(
      build.selectFrom("devices").select(["organization", "state"]).where("kuid", "=", kuid),
    );
    if (device?.state !== "approved") return { current: false };
    const { organization } = device;
    const wanted = tx.queries.all(waiting(kuid));
    const unheld = wanted.filter(({ held_at }) => held_at === null);
    if (held === hashOf(wanted)) {
      setHeld(tx, unheld, tx.now);
      return { current: true };
    }
    // Which of them it lost does not say itself: a block, another disk.
    const believed = tx.queries.all(known(kuid).where("held_at", "is not", null));
    const isLost = believed.length > 0 && held !== hashOf(believed);
    if (isLost) setHeld(tx, believed, null);
    const looksBy = lookedBy(tx.now, settingsOf(tx, organization));
    const isUrgent = (isLost ? wanted : unheld).some(({ run_at }) => (run_at ?? 0) <= looksBy);
    const mayHelp = isLost || !wasSentAfter(tx, kuid, tx.now - UPDATE_AGAIN_MS);
    if (look || (isUrgent && mayHelp)) queueUpdates(tx, organization, [kuid]);
    return { current: false };
  },
};
