import type { Device } from "../../appliance/operations/devices.ts";

/** That a device is of a machine which another device is of since. */
export interface Replaced {
  /** The KUID of the other one. */
  readonly by: string;
  /** What forgets the one that was replaced. */
  readonly command: string;
}

/**
 * Devices whose machines have enrolled anew since, as after an agent was removed with its data and installed again. Only
 * what is sure: the same host name, the same id of the machine and a network card in common, and the older one was not
 * seen any more when the newer one came. A machine whose system was set up anew has another id, and is not told.
 *
 * @param devices all of them
 * @returns by the KUIDs of those that were replaced
 */
export function replacedDevices(devices: readonly Device[]): ReadonlyMap<string, Replaced> {
  const replaced = new Map<string, Replaced>();
  for (const ofMachine of Map.groupBy(devices.filter(isTold), machineOf).values()) {
    if (ofMachine.length < 2) continue;
    const latestFirst = ofMachine.toSorted((one, other) => Date.parse(other.enrolledAt) - Date.parse(one.enrolledAt));
    for (const older of latestFirst) {
      const newer = latestFirst.find((one) => cameAfter(one, older));
      if (newer !== undefined)
        replaced.set(older.kuid, { by: newer.kuid, command: `kace devices remove ${older.kuid}` });
    }
  }
  return replaced;
}

function isTold({ machineId }: Device): boolean {
  return machineId !== "";
}

function machineOf({ hostname, machineId }: Device): string {
  return `${machineId} ${hostname.toLowerCase()}`;
}

function cameAfter(newer: Device, older: Device): boolean {
  return (
    newer.kuid !== older.kuid &&
    !older.connected &&
    Date.parse(older.enrolledAt) < Date.parse(newer.enrolledAt) &&
    Date.parse(older.lastSeenAt) <= Date.parse(newer.enrolledAt) &&
    older.macs.some((mac) => newer.macs.includes(mac))
  );
}
