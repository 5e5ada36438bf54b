import type { AgentSettings } from "../operations/settings.ts";
import { DAY_MINUTES, minutesAt } from "./windows.ts";

/** How many times an inventory must be missing before its agent counts as broken (administrator guide, "Update Broken Agents"). */
export const MISSED_INVENTORIES = 3;

/**
 * For how long the agents of an organization may be connected without bringing an inventory, in seconds. Outside of the
 * communications window they are not asked for one, so that this time does not count.
 */
export function brokenAfterSeconds({
  communicationsWindow: { from, to },
  runIntervalSeconds,
  inventoryIntervalSeconds,
}: Pick<AgentSettings, "communicationsWindow" | "runIntervalSeconds" | "inventoryIntervalSeconds">): number {
  const seconds = MISSED_INVENTORIES * Math.max(runIntervalSeconds, inventoryIntervalSeconds);
  const openMinutes = (minutesAt(to) - minutesAt(from) + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  const closedSeconds = (DAY_MINUTES - openMinutes) * 60;
  return seconds + Math.ceil(seconds / (openMinutes * 60)) * closedSeconds;
}

/** What of a device says whether its agent is broken. */
export interface ReportingFacts {
  readonly connected: boolean;
  readonly connectedSinceMs: number | undefined;
  readonly inventoryAtMs: number | undefined;
}

/** True of an agent that is connected, and has been long enough, but brings no inventory. */
export function isBroken(
  { connected, connectedSinceMs, inventoryAtMs }: ReportingFacts,
  { brokenAfterSeconds: limitSeconds, nowMs }: { readonly brokenAfterSeconds: number; readonly nowMs: number },
): boolean {
  if (!connected || connectedSinceMs === undefined) return false;
  return nowMs - Math.max(connectedSinceMs, inventoryAtMs ?? 0) >= limitSeconds * 1_000;
}
