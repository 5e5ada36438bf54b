import type { Output } from "./appliance.ts";

const SECONDS_PER_HOUR = 3_600;

/** Machines that check in at some interval. */
export interface Load {
  readonly devices: number;
  readonly runIntervalSeconds: number;
}

/** How many check-ins an hour these machines make. @example checkInsPerHour({ devices: 1000, runIntervalSeconds: 7200 }) // 500 */
export function checkInsPerHour({ devices, runIntervalSeconds }: Load): number {
  return devices / (runIntervalSeconds / SECONDS_PER_HOUR);
}

/**
 * The shortest interval in whole hours with which all agents of an appliance together stay within the limit; undefined
 * where the others use it up by themselves.
 *
 * The vendor's rule: at most 500 check-ins an hour over all organizations; 500 machines need 1 hour, 1,000 need 2.
 *
 * @example shortestRunIntervalHours({ devices: 1000, maxCheckInsPerHour: 500, othersPerHour: 0 }) // 2
 */
export function shortestRunIntervalHours({
  devices,
  maxCheckInsPerHour,
  othersPerHour,
}: {
  readonly devices: number;
  readonly maxCheckInsPerHour: number;
  readonly othersPerHour: number;
}): number | undefined {
  const left = maxCheckInsPerHour - othersPerHour;
  return left <= 0 ? undefined : Math.max(1, Math.ceil(devices / left));
}

/**
 * A sentence where the agents of all organizations check in more often than the appliance should be asked, with the
 * interval that would not; undefined where they do not.
 *
 * @param runInterval how the interval is said
 * @example
 * overloadOf({ devices: 501, runIntervalSeconds: 3600, others: [], maxCheckInsPerHour: 500 }, "1h")
 * // '501 machines that check in every 1h bring all agents to 501 check-ins an hour, and the limit is 500; "2h" keeps to it'
 */
export function overloadOf(load: Output<"checkInLoad">, runInterval: string): string | undefined {
  const { devices, maxCheckInsPerHour } = load;
  const othersPerHour = load.others.reduce((sum, other) => sum + checkInsPerHour(other), 0);
  const total = checkInsPerHour(load) + othersPerHour;
  if (devices === 0 || total <= maxCheckInsPerHour) return undefined;
  const hours = shortestRunIntervalHours({ devices, maxCheckInsPerHour, othersPerHour });
  const repair =
    hours === undefined
      ? `the other organizations make ${Math.round(othersPerHour)} of them: give those longer run intervals first`
      : `"${hours}h" keeps to it`;
  return `${devices} machines that check in every ${runInterval} bring all agents to ${Math.round(total)} check-ins an hour, and the limit is ${maxCheckInsPerHour}; ${repair}`;
}
