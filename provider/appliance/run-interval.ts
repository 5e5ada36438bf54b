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
