import { isIP } from "node:net";
import * as z from "zod";
import type { Appliance } from "../appliance/appliance.ts";
import { everyPage } from "../appliance/every-page.ts";
import type { ListedConfiguration } from "../appliance/operations/configurations.ts";
import type { Device } from "../appliance/operations/devices.ts";
import type { StoredOutcome } from "../appliance/operations/outcomes.ts";
import { isOutcomeCode, OUTCOME_CODES } from "./codes.ts";
import { hintFor } from "./hint-for.ts";
import { machineByMachine, namesForOne } from "./same-machine.ts";
import { parseTargets } from "./targets/parse-targets.ts";

/** The last result of a machine, and the name of the configuration that it is of. */
export type LastResult = Pick<
  StoredOutcome,
  "machine" | "class" | "code" | "message" | "hint" | "recordedAt" | "edited"
> & {
  readonly configuration: string;
};

/** What an appliance knows of a machine; all absent where it knows none of that name. */
export interface KnownMachine {
  /** In whatever state; a machine that was set up anew is the one that came last. */
  readonly device?: Device | undefined;
  readonly result?: LastResult | undefined;
  /** The name of a configuration that has it among its targets; looked for only where nothing else is known. */
  readonly targetOf?: string | undefined;
  /** The machines that are called so, where they are several and it is not known which is meant; nothing else is said. */
  readonly several?: readonly string[] | undefined;
}

/** What is looked at of a result to tell whether it is of a machine. */
type Filed = Pick<StoredOutcome, "machine" | "name" | "address" | "kuid" | "recordedAt">;

const LIMIT = 1_000;

/**
 * What an appliance knows of a machine that somebody calls by its host name, with or without domain, by an address or
 * by its KUID. Reads only.
 *
 * @example (await knownMachine(appliance, "web01")).result?.code // "port-closed"
 */
export async function knownMachine(appliance: Appliance, machine: string): Promise<KnownMachine> {
  const devices = await devicesNamed(appliance, machine);
  const named = newest(devices);
  const configurations = await configurationsOf(appliance);
  const found = machineByMachine(await resultsNamed(appliance, machine, named?.kuid));
  // Where there are results of a whole name, one without its domain may be of any other machine.
  const exact = isWhole(machine)
    ? found.filter((ofOne) => ofOne.some((one) => hostsOf(one).includes(machine.toLowerCase())))
    : [];
  const results = named === undefined && exact.length > 0 ? exact : found;
  const several = called(machine, devices, results);
  if (several.length > 1) return { several };
  const outcome = named === undefined ? latest(results.flat()) : lastOf(named, results);
  const device = named ?? (outcome?.kuid === undefined ? undefined : await deviceOf(appliance, outcome.kuid));
  if (outcome !== undefined) {
    const of = configurations.find(({ id }) => id === outcome.configurationId);
    return { device, result: { ...outcome, configuration: of?.name ?? outcome.configurationId } };
  }
  if (device !== undefined) return { device };
  return { targetOf: configurations.find((one) => hasTarget(one, machine))?.name };
}

/** The machines that have a name, where a site may have its own of it: by their whole names, addresses and KUIDs. */
function called(machine: string, devices: readonly Device[], results: readonly (readonly StoredOutcome[])[]): string[] {
  // An address that was another machine's once is that of the last one now.
  if (isIP(machine) !== 0) return [];
  const isOneHost = devices.every((one) => devices.every((other) => sameName(one.hostname, other.hostname)));
  const hosts = isOneHost ? devices.slice(0, 1) : devices;
  const others = results.filter((ofOne) => devices.every((device) => isOfAnother(ofOne, device)));
  return [...hosts.map(({ hostname, kuid }) => `${hostname} (${kuid})`), ...others.map(namesForOne)];
}

/** The last of the results that are of a device: those it is told by, or the only ones that may be. */
function lastOf(device: Device, results: readonly (readonly StoredOutcome[])[]): StoredOutcome | undefined {
  const own = results.filter((ofOne) => isOf(ofOne, device));
  if (own.length > 0) return latest(own.flat());
  const [only, ...others] = results.filter((ofOne) => ofOne.every(({ kuid }) => kuid === undefined));
  return only === undefined || others.length > 0 ? undefined : latest(only);
}

/** Whether the results of a machine are those of a device: by its KUID, its whole host name or one of its addresses. */
function isOf(results: readonly Filed[], { kuid, hostname, address, addresses }: Device): boolean {
  const whole = hostname.includes(".") ? [hostname.toLowerCase()] : [];
  const signs = [kuid, ...whole, ...addresses, ...(address === undefined ? [] : [address])];
  return results.some((result) =>
    [result.kuid, result.address, ...hostsOf(result)].some((sign) => sign !== undefined && signs.includes(sign)),
  );
}

/** Whether they are of another machine for sure. */
function isOfAnother(results: readonly Filed[], device: Device): boolean {
  return isWhole(device.hostname) && !isOf(results, device) && results.some((one) => hostsOf(one).some(isWhole));
}

/** Whether a host name has its domain. */
function isWhole(name: string): boolean {
  return isIP(name) === 0 && name.includes(".");
}

function hostsOf({ machine, name }: Filed): string[] {
  return [machine, name].flatMap((one) => (one === undefined ? [] : [one.toLowerCase()]));
}

/** What came of the last look at a machine, for a person. */
export function lastTry({ configuration, recordedAt, class: outcomeClass, code, message }: LastResult): string {
  const result = outcomeClass === code ? code : `${outcomeClass} (${code})`;
  return `the last result, of the configuration ${configuration} at ${recordedAt}, is ${result}: ${message}`;
}

/** What to do about a result, where something must be done. */
export function hintOf({ machine, hint, code }: LastResult): string | undefined {
  return hintFor(machine, hint ?? (isOutcomeCode(code) ? OUTCOME_CODES[code].hint : undefined));
}

async function devicesNamed(appliance: Appliance, machine: string): Promise<Device[]> {
  const { devices } = await appliance.findDevices({ names: [machine], limit: LIMIT });
  if (devices.length > 0) return devices;
  if (isIP(machine) === 0) {
    const device = await deviceOf(appliance, machine);
    return device === undefined ? [] : [device];
  }
  const all = await everyPage(async (after) => {
    const page = await appliance.findDevices({ limit: LIMIT, after });
    return { items: page.devices, next: page.next };
  });
  return all.filter(({ address, addresses }) => address === machine || addresses.includes(machine));
}

async function deviceOf(appliance: Appliance, kuid: string): Promise<Device | undefined> {
  if (!/^[0-9A-Za-z-]{8,64}$/.test(kuid)) return undefined;
  return (await appliance.findDevices({ kuids: [kuid] })).devices[0];
}

/** A machine that was set up anew is a new device: the one that is connected, or else came last, is it. */
function newest(devices: readonly Device[]): Device | undefined {
  return devices.toSorted(
    (one, other) => Number(other.connected) - Number(one.connected) || other.lastSeenAt.localeCompare(one.lastSeenAt),
  )[0];
}

/** Mostly a machine is called as its target is; else all results are looked through for its name, address or device. */
async function resultsNamed(appliance: Appliance, machine: string, kuid: string | undefined): Promise<StoredOutcome[]> {
  const filed = await appliance.listOutcomes({ machine, limit: LIMIT });
  if (filed.outcomes.length > 0) return filed.outcomes;
  const all = await everyPage(async (after) => {
    const page = await appliance.listOutcomes({ limit: LIMIT, after });
    return { items: page.outcomes, next: page.next };
  });
  return all.filter((outcome) => isNamed(outcome, machine, kuid));
}

function isNamed(outcome: Filed, machine: string, kuid: string | undefined): boolean {
  if (outcome.address === machine || (kuid !== undefined && outcome.kuid === kuid)) return true;
  return [outcome.machine, outcome.name].some((name) => name !== undefined && sameName(name, machine));
}

/** Host names in any case; one without a domain is that of any domain. */
function sameName(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  if (a === b) return true;
  if (isIP(a) !== 0 || isIP(b) !== 0 || a.includes(".") === b.includes(".")) return false;
  return a.split(".", 1)[0] === b.split(".", 1)[0];
}

function latest<Found extends Filed>(outcomes: readonly Found[]): Found | undefined {
  return outcomes.toSorted((one, other) => other.recordedAt.localeCompare(one.recordedAt))[0];
}

function configurationsOf(appliance: Appliance): Promise<ListedConfiguration[]> {
  return everyPage(async (after) => {
    const { configurations, next } = await appliance.listConfigurations({ limit: LIMIT, after });
    return { items: configurations, next };
  });
}

const listOrText = z.union([z.string(), z.array(z.string())]).optional();

/** Of what a program said, the targets; what other clients of the appliance wrote may lack them. */
const withTargets = z.object({
  targets: z.object({ ipRanges: listOrText, ips: listOrText, hostnames: listOrText, exclude: listOrText }),
});

function hasTarget({ description: { inputs, targets } }: ListedConfiguration, machine: string): boolean {
  const spec = withTargets.safeParse(inputs === undefined ? undefined : jsonIn(inputs));
  // Without the inputs there still is what lists show, one item after the other.
  const parsed = parseTargets(spec.success ? spec.data.targets : { hostnames: targets });
  return parsed.ok && parsed.targets.has(machine);
}

/** What JSON says; undefined where it is none. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
