import { isIP } from "node:net";
import { everyPage } from "../../appliance/every-page.ts";
import type { Device } from "../../appliance/operations/devices.ts";
import { presentOf } from "../../appliance/replaced-devices.ts";
import { type CommandSession, UsageError } from "../session.ts";
import { devicesIn, severalCalled } from "./devices.ts";

/**
 * Machines that are put into a list, enrolled or not, as it is to keep them: as they were named; but by its KUID a device
 * that has taken the place of another one of its name, or that was named by an address.
 * @throws UsageError for a name that several present devices have: the list would mean all of them; and for an address
 *   that no approved device has, since lists know machines by names and KUIDs
 */
export async function listedMachines(session: CommandSession, names: readonly string[]): Promise<string[]> {
  const called = await approvedCalled(session, names);
  return names.map((name) => {
    const found = called(name);
    const present = presentOf(found);
    if (present.length > 1) throw severalCalled(name, present);
    const [device] = present;
    if (device === undefined && isIP(name) !== 0)
      throw new UsageError(
        `no approved device has the address ${name}`,
        "name the machine by its host name or its KUID",
      );
    return device !== undefined && (found.length > 1 || isIP(name) !== 0) ? device.kuid : name;
  });
}

/** Who has a name or an address, of the approved devices: lists are about those. All names are asked for at once. */
async function approvedCalled(
  session: CommandSession,
  names: readonly string[],
): Promise<(name: string) => readonly Device[]> {
  const hosts = names.filter((name) => isIP(name) === 0);
  const named = hosts.length === 0 ? [] : await approvedNamed(session, hosts);
  const byFull = Map.groupBy(named, ({ hostname }) => plain(hostname));
  const byShort = Map.groupBy(named, ({ hostname }) => shortOf(plain(hostname)));
  const all = hosts.length === names.length ? [] : await devicesIn(session, ["approved"]);
  return (name) => {
    if (isIP(name) !== 0) return all.filter(({ address, addresses }) => address === name || addresses.includes(name));
    const wanted = plain(name);
    if (!wanted.includes(".")) return byShort.get(wanted) ?? [];
    // A device that says its host name without a domain is meant by the name with any domain.
    return byFull.get(wanted) ?? byFull.get(shortOf(wanted)) ?? [];
  };
}

function approvedNamed(session: CommandSession, names: readonly string[]): Promise<Device[]> {
  return session.read((appliance) =>
    everyPage(async (after) => {
      const found = await appliance.findDevices({ names: [...names], states: ["approved"], limit: 1_000, after });
      return { items: found.devices, next: found.next };
    }),
  );
}

function shortOf(name: string): string {
  return name.replace(/\..*$/, "");
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
