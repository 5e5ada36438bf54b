import type { Device } from "./operations/devices.ts";

/** What of a device tells whether another one is of the same machine. */
export type Identified = Pick<
  Device,
  "kuid" | "hostname" | "machineId" | "macs" | "connected" | "enrolledAt" | "lastSeenAt"
>;

/**
 * Devices whose machines have enrolled anew since, as after an agent was removed with its data and installed again. Only
 * what is sure: the same host name, the same id of the machine and a network card in common, and the older one was not
 * seen any more when the newer one came. A machine whose system was set up anew has another id, and is not told.
 *
 * @param devices all that may be of one machine; whoever asks for machines that work gives the approved ones only, so
 *   that a newcomer in quarantine takes nobody's place
 * @returns by the KUIDs of those that were replaced, the KUIDs of the others
 */
export function replacedDevices(devices: readonly Identified[]): ReadonlyMap<string, string> {
  const replaced = new Map<string, string>();
  for (const ofMachine of Map.groupBy(devices.filter(isTold), machineOf).values()) {
    if (ofMachine.length < 2) continue;
    const latestFirst = ofMachine.toSorted((one, other) => Date.parse(other.enrolledAt) - Date.parse(one.enrolledAt));
    for (const older of latestFirst) {
      const newer = latestFirst.find((one) => cameAfter(one, older));
      if (newer !== undefined) replaced.set(older.kuid, newer.kuid);
    }
  }
  return replaced;
}

/** Those of these devices that no other one of them has taken the place of. */
export function presentOf<One extends Identified>(devices: readonly One[]): One[] {
  const replaced = replacedDevices(devices);
  return devices.filter(({ kuid }) => !replaced.has(kuid));
}

function isTold({ machineId }: Identified): boolean {
  return machineId !== "";
}

function machineOf({ hostname, machineId }: Identified): string {
  return `${machineId} ${hostname.toLowerCase()}`;
}

function cameAfter(newer: Identified, older: Identified): boolean {
  return (
    newer.kuid !== older.kuid &&
    !older.connected &&
    Date.parse(older.enrolledAt) < Date.parse(newer.enrolledAt) &&
    Date.parse(older.lastSeenAt) <= Date.parse(newer.enrolledAt) &&
    older.macs.some((mac) => newer.macs.includes(mac))
  );
}
