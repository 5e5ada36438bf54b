import { isIP } from "node:net";
import type { Device } from "../../appliance/operations/devices.ts";
import type { StoredOutcome } from "../../appliance/operations/outcomes.ts";
import { type CommandSession, UsageError } from "../session.ts";
import { devicesNamed } from "./devices.ts";

/** What a result says of who its machine is. */
type Machine = Pick<StoredOutcome, "machine" | "name" | "address" | "kuid">;

/**
 * The results of the machine that somebody means: as its configuration names it, by its address or its host name, or as
 * devices are named. The closest of these that there are results of.
 * @throws UsageError where no run knows it
 */
export async function resultsOfMachine<Result extends Machine>(
  session: CommandSession,
  results: readonly Result[],
  said: string,
): Promise<Result[]> {
  const wanted = plain(said);
  const named = results.filter((result) => namesOf(result).some((name) => name === wanted));
  if (named.length > 0) return named;
  const short = results.filter((result) => namesOf(result).some((name) => isIP(name) === 0 && isShortOf(wanted, name)));
  if (short.length > 0) return short;
  const devices = await devicesNamed(session, said);
  const ofDevices = results.filter((result) => devices.some((device) => isOf(result, device)));
  if (ofDevices.length > 0) return ofDevices;
  throw new UsageError(`no run knows the machine ${said}`, "`kace results` shows those there are");
}

function namesOf({ machine, name, address }: Machine): string[] {
  return [machine, name, address].flatMap((one) => (one === undefined ? [] : [plain(one)]));
}

/** @example isShortOf("web01", "web01.corp.example") // true */
function isShortOf(wanted: string, name: string): boolean {
  return name.startsWith(`${wanted}.`);
}

function isOf(result: Machine, { kuid, hostname, address, addresses }: Device): boolean {
  if (result.kuid !== undefined) return result.kuid === kuid;
  const [full, ...reached] = [hostname, ...addresses, ...(address === undefined ? [] : [address])].map(plain);
  return namesOf(result).some((name) => name === full || reached.includes(name));
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
