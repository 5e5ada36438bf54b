import type { AgentSettings } from "../operations/settings.ts";
import { build, listed } from "./query.ts";
import { insertTask, keepPayload } from "./task-rows.ts";
import { newId, type Transaction } from "./transaction.ts";

/** Agents spread their looks by a tenth of the interval, so that they do not come together. */
const SPREAD = 1.1;
const DAY_SECONDS = 86_400;
/** A day on which clocks are set back is an hour longer. */
const CLOCK_CHANGE_SECONDS = 3_600;

/** What says how often agents look for scripts, and when. */
export type LookSettings = Pick<AgentSettings, "communicationsWindow" | "scriptingUpdateIntervalSeconds">;

function secondsOfDay(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(":").map(Number);
  return hours * 3_600 + minutes * 60;
}

/**
 * Until when every agent that is connected has looked for scripts by itself. A window is of the machine's own clock, so
 * that the worst of all time zones counts: an agent whose look is due as the window closes, and that spreads itself over
 * the first half of the next one.
 */
export function lookedBy(now: number, settings: LookSettings): number {
  const { communicationsWindow: window, scriptingUpdateIntervalSeconds: interval } = settings;
  const open = (secondsOfDay(window.to) - secondsOfDay(window.from) + DAY_SECONDS) % DAY_SECONDS;
  const waits = open === 0 ? 0 : DAY_SECONDS - open + CLOCK_CHANGE_SECONDS + Math.min(interval, open / 2);
  return now + 1_000 * (interval * SPREAD + waits);
}

/** Has agents look for a script at once whose time comes before all of them will have looked by themselves. */
export function hurryScript(
  tx: Transaction,
  organization: string,
  script: { readonly at: number; readonly kuids: readonly string[] },
  settings: LookSettings,
): void {
  if (script.at <= lookedBy(tx.now, settings)) queueUpdates(tx, organization, script.kuids);
}

/** The same for all scripts of an organization that no agent is known to keep: agents look by other settings now. */
export function hurryScripts(tx: Transaction, organization: string, settings: LookSettings): void {
  const rows = tx.queries.all(
    build
      .selectFrom("tasks")
      .innerJoin("devices", "devices.kuid", "tasks.kuid")
      .select("tasks.kuid")
      .distinct()
      .where("tasks.organization", "=", organization)
      .where("tasks.state", "=", "ready")
      .where("tasks.run_at", "<=", lookedBy(tx.now, settings))
      .where("tasks.held_at", "is", null)
      .where("tasks.cancel_requested", "=", 0)
      .where("devices.state", "=", "approved"),
  );
  queueUpdates(
    tx,
    organization,
    rows.map(({ kuid }) => kuid),
  );
}

/** Queues a scripting update for those devices for which none waits that nobody has heard of. */
export function queueUpdates(tx: Transaction, organization: string, kuids: readonly string[]): void {
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

/** Whether a scripting update was sent to a device after a moment. */
export function wasSentAfter(tx: Transaction, kuid: string, moment: number): boolean {
  const sent = build
    .selectFrom("tasks")
    .select("id")
    .where("kuid", "=", kuid)
    .where("type", "=", "scripting-update")
    .where("sent_at", ">", moment);
  return tx.queries.first(sent.limit(1)) !== undefined;
}
