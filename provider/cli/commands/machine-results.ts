import { isIP } from "node:net";
import type { Device } from "../../appliance/operations/devices.ts";
import { presentOf } from "../../appliance/replaced-devices.ts";
import { type Identity, machineByMachine, namesForOne } from "../../rollout/same-machine.ts";
import { type CommandSession, UsageError } from "../session.ts";
import { devicesNamed } from "./devices.ts";

/**
 * The results of the one machine that somebody means, named as in {@link resultsOfMachines}.
 * @throws UsageError where no run knows it, or several machines are called so
 */
export async function resultsOfMachine<Result extends Identity>(
  session: CommandSession,
  results: readonly Result[],
  said: string,
): Promise<Result[]> {
  const [meant = [], ...others] = await resultsOfMachines(session, results, said);
  if (others.length === 0) return meant;
  const machines = [meant, ...others].map(namesForOne);
  throw new UsageError(
    `${machines.length} machines are called ${said}`,
    `say which one by its whole name, its address or its KUID: ${machines.join(", ")}`,
  );
}

/**
 * The results of the machines that somebody may mean, one after the other: as their configurations name them, by an
 * address or a host name, or as devices are named. The closest of these that there are results of.
 * @throws UsageError where no run knows one
 */
export async function resultsOfMachines<Result extends Identity>(
  session: CommandSession,
  results: readonly Result[],
  said: string,
): Promise<Result[][]> {
  const wanted = plain(said);
  const named = results.filter((result) => namesOf(result).some((name) => name === wanted));
  if (named.length > 0) return machineByMachine(named);
  const short = results.filter((result) => namesOf(result).some((name) => isIP(name) === 0 && isShortOf(wanted, name)));
  if (short.length > 0) return machineByMachine(short);
  const devices = await devicesNamed(session, said);
  const ofDevices = results.filter((result) => devices.some((device) => isOf(result, device)));
  // A device may have several addresses, by each of which a configuration names it.
  const isOne = presentOf(devices).length === 1;
  if (ofDevices.length > 0) return isOne ? [ofDevices] : machineByMachine(ofDevices);
  throw new UsageError(`no run knows the machine ${said}`, "`kace results` shows those there are");
}

function namesOf({ machine, name, address }: Identity): string[] {
  return [machine, name, address].flatMap((one) => (one === undefined ? [] : [plain(one)]));
}

/** @example isShortOf("web01", "web01.corp.example") // true */
function isShortOf(wanted: string, name: string): boolean {
  return name.startsWith(`${wanted}.`);
}

function isOf(result: Identity, { kuid, hostname, address, addresses }: Device): boolean {
  if (result.kuid !== undefined) return result.kuid === kuid;
  const [full, ...reached] = [hostname, ...addresses, ...(address === undefined ? [] : [address])].map(plain);
  return namesOf(result).some((name) => name === full || reached.includes(name));
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
