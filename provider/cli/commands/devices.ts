import { isIP } from "node:net";
import { everyPage } from "../../appliance/every-page.ts";
import type { DeviceState } from "../../appliance/operations/device-words.ts";
import type { Device } from "../../appliance/operations/devices.ts";
import { presentOf, replacedDevices } from "../../appliance/replaced-devices.ts";
import { type Column, printList } from "../output.ts";
import { type CommandSession, type ExitCode, UsageError } from "../session.ts";

const COLUMNS: readonly Column<Device>[] = [
  ["device", ({ hostname }) => hostname],
  ["kuid", ({ kuid }) => kuid],
  ["state", ({ state, reason }) => (reason === undefined || reason === state ? state : `${state} (${reason})`)],
  ["connected", ({ connected }) => connected],
  ["agent", ({ agentVersion }) => agentVersion],
  ["system", ({ os }) => os.name],
  ["last seen", ({ lastSeenAt }) => lastSeenAt],
];

/** `web2` before `web10`. */
const BY_NAME = new Intl.Collator("en", { numeric: true });

/** All devices in one of these states; in any where none is named. Inventories only where they are asked for. */
export function devicesIn(
  session: CommandSession,
  states: readonly DeviceState[],
  { inventories = false }: { readonly inventories?: boolean } = {},
): Promise<Device[]> {
  return session.read((appliance) =>
    everyPage(async (after) => {
      const { devices: items, next } = await appliance.findDevices({
        ...(states.length === 0 ? {} : { states: [...states] }),
        inventories,
        limit: 1_000,
        after,
      });
      return { items, next };
    }),
  );
}

/** Devices in one of these states; where none is named all, and which of them others have taken the place of. */
export async function listDevices(session: CommandSession, states: readonly DeviceState[]): Promise<ExitCode> {
  const devices = await devicesIn(session, states, { inventories: session.json });
  devices.sort((one, other) => BY_NAME.compare(one.hostname, other.hostname));
  const { terminal, json } = session;
  if (states.length > 0) {
    printList(terminal, json, devices, COLUMNS, "no device waits in quarantine");
    return 0;
  }
  const replaced = replacedDevices(devices);
  const replacedOf = ({ kuid }: Device) => {
    const by = replaced.get(kuid);
    return by === undefined ? undefined : { by, command: `kace devices remove ${kuid}` };
  };
  const remark = (device: Device) => {
    const found = replacedOf(device);
    return found === undefined ? "" : `replaced by ${found.by}; to forget it: ${found.command}`;
  };
  const nothing = "there is no device: an agent that connects becomes one";
  printList(terminal, json, devices, [...COLUMNS, ["remark", remark]], nothing, (device) => ({
    ...device,
    replaced: replacedOf(device),
  }));
  return 0;
}

/** The devices that a name may mean: the one of a KUID, or all of a host name or an address. */
export async function devicesNamed(session: CommandSession, kuidOrName: string): Promise<Device[]> {
  const found = await session.read(async (appliance) => {
    const isKuid = /^[0-9A-Za-z-]{8,64}$/.test(kuidOrName);
    const byKuid = isKuid ? (await appliance.findDevices({ kuids: [kuidOrName] })).devices : [];
    return byKuid.length > 0 ? byKuid : (await appliance.findDevices({ names: [kuidOrName], limit: 1_000 })).devices;
  });
  if (found.length > 0 || isIP(kuidOrName) === 0) return found;
  const all = await devicesIn(session, []);
  return all.filter(({ address, addresses }) => address === kuidOrName || addresses.includes(kuidOrName));
}

/** What tells one of several devices that a name fits. */
interface Choice {
  /** One that is in this state already is not meant. */
  readonly unless?: DeviceState;
  /** One that another has taken the place of may be meant just as well: it is about to be forgotten. */
  readonly replacedToo?: boolean;
}

/**
 * The one device of a KUID, a host name or an address. A machine whose agent came anew is a second device of the same
 * name: the one that has taken the other's place is meant.
 * @throws UsageError if there is none, or more than one
 */
export async function deviceOf(
  session: CommandSession,
  kuidOrName: string,
  { unless, replacedToo = false }: Choice = {},
): Promise<Device> {
  const found = await devicesNamed(session, kuidOrName);
  const present = replacedToo ? found : presentOf(found);
  const meant = present.filter(({ state }) => state !== unless);
  const candidates = meant.length > 0 ? meant : present;
  const [device] = candidates;
  if (device === undefined)
    throw new UsageError(`there is no device ${kuidOrName}`, "`kace devices list` shows those there are");
  if (candidates.length > 1) throw severalCalled(kuidOrName, candidates);
  return device;
}

/** The answer to a name that several devices have. */
export function severalCalled(name: string, candidates: readonly Device[]): UsageError {
  const seen = candidates.map(({ kuid, connected, lastSeenAt }) =>
    connected ? `${kuid} (connected)` : `${kuid} (last seen ${lastSeenAt})`,
  );
  return new UsageError(
    `${candidates.length} devices are called ${name}`,
    `say which one by its KUID: ${seen.join(", ")}`,
  );
}

/** Approves, blocks or quarantines devices, by KUID or host name. */
export async function setStates(
  session: CommandSession,
  devices: readonly string[],
  state: DeviceState,
): Promise<ExitCode> {
  for (const name of devices) {
    const { kuid, hostname } = await deviceOf(session, name, { unless: state });
    await session.write((appliance) => appliance.setDeviceState({ kuid, state }));
    session.terminal.err(`${hostname} (${kuid}) is ${state}`);
  }
  return 0;
}

/** Forgets devices: for machines that are gone. An agent that comes back is a new device. */
export async function removeDevices(session: CommandSession, devices: readonly string[]): Promise<ExitCode> {
  for (const name of devices) {
    const { kuid, hostname } = await deviceOf(session, name, { replacedToo: true });
    await session.write((appliance) => appliance.deleteDevice({ kuid }));
    session.terminal.err(`forgot ${hostname} (${kuid})`);
  }
  session.terminal.err("an agent that comes back is a new device");
  return 0;
}
