import type { AgentSettings } from "../operations/settings.ts";
import { DAY_MINUTES, minutesAt } from "./windows.ts";

/** How many times an inventory must be missing before its agent counts as broken (administrator guide, "Update Broken Agents"). */
export const MISSED_INVENTORIES = 3;

/** What of an organization's settings says when its agents bring their inventories. */
type Rhythm = Pick<AgentSettings, "communicationsWindow" | "runIntervalSeconds" | "inventoryIntervalSeconds">;

/** From when on an agent counts as broken. */
export interface BrokenLimits {
  /** For how long it must have brought no inventory. */
  readonly missingSeconds: number;
  /** For how long it must be connected: an agent brings its inventory when it has connected, and may be about to. */
  readonly connectedSeconds: number;
}

/**
 * From when on the agents of an organization count as broken. Outside of the communications window they are not asked
 * for an inventory, so that this time does not count.
 */
export function brokenLimits({
  communicationsWindow,
  runIntervalSeconds,
  inventoryIntervalSeconds,
}: Rhythm): BrokenLimits {
  const missing = MISSED_INVENTORIES * Math.max(runIntervalSeconds, inventoryIntervalSeconds);
  return {
    missingSeconds: withClosedTime(missing, communicationsWindow),
    connectedSeconds: withClosedTime(runIntervalSeconds, communicationsWindow),
  };
}

function withClosedTime(seconds: number, { from, to }: Rhythm["communicationsWindow"]): number {
  const openMinutes = (minutesAt(to) - minutesAt(from) + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  const closedSeconds = (DAY_MINUTES - openMinutes) * 60;
  return seconds + Math.ceil(seconds / (openMinutes * 60)) * closedSeconds;
}

/** What of a device says whether its agent is broken. */
export interface ReportingFacts {
  readonly connected: boolean;
  readonly connectedSinceMs: number | undefined;
  readonly inventoryAtMs: number | undefined;
  readonly enrolledAtMs: number;
}

/**
 * True of an agent that is connected, and has been long enough to bring its inventory, but has brought none for too long:
 * however often it was away meanwhile, as a machine is that is switched off at night.
 */
export function isBroken(
  { connected, connectedSinceMs, inventoryAtMs, enrolledAtMs }: ReportingFacts,
  { missingSeconds, connectedSeconds, nowMs }: BrokenLimits & { readonly nowMs: number },
): boolean {
  if (!connected || connectedSinceMs === undefined) return false;
  const missingMs = nowMs - (inventoryAtMs ?? enrolledAtMs);
  return missingMs >= missingSeconds * 1_000 && nowMs - connectedSinceMs >= connectedSeconds * 1_000;
}
