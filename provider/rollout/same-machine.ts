import { isIP } from "node:net";
import type { StoredOutcome } from "../appliance/operations/outcomes.ts";

/** What a result says of who its machine is. */
export type Identity = Pick<StoredOutcome, "machine" | "name" | "address" | "kuid">;

/**
 * Results, machine by machine: two are of one machine where they have a KUID, an address or a whole host name in common.
 * A host name without a domain tells none: sites may each have one of it.
 *
 * @example machineByMachine([{ machine: "web01.a.example" }, { machine: "web01.b.example" }]).length // 2
 */
export function machineByMachine<Result extends Identity>(results: readonly Result[]): Result[][] {
  let machines: { readonly signs: ReadonlySet<string>; readonly results: readonly Result[] }[] = [];
  // What says nothing more than a name comes last, and joins the machine that is named so.
  const [telling, vague] = [true, false].map((tells) => results.filter((one) => signsOf(one).length > 0 === tells));
  for (const result of [...(telling ?? []), ...(vague ?? [])]) {
    const signs = signsOf(result);
    const isOne = (machine: (typeof machines)[number]) =>
      signs.length > 0
        ? signs.some((sign) => machine.signs.has(sign))
        : machine.results.some((other) => plain(other.machine) === plain(result.machine));
    const same = machines.filter(isOne);
    const one = {
      signs: new Set([...same.flatMap((machine) => [...machine.signs]), ...signs]),
      results: [...same.flatMap((machine) => machine.results), result],
    };
    machines = [...machines.filter((machine) => !same.includes(machine)), one];
  }
  return machines.map((machine) => [...machine.results]);
}

/** The names that a machine has by its results, for a person who is to say which one is meant. */
export function namesForOne(results: readonly Identity[]): string {
  const names = results.flatMap(({ machine, name, address, kuid }) => [machine, name, address, kuid]);
  const [first, ...others] = new Set(names.filter((name) => name !== undefined));
  return others.length === 0 ? `${first}` : `${first} (${others.join(", ")})`;
}

function signsOf({ machine, name, address, kuid }: Identity): string[] {
  const names = [machine, name, address].flatMap((one) => (one === undefined ? [] : [plain(one)]));
  return [...names.filter((one) => isIP(one) !== 0 || one.includes(".")), ...(kuid === undefined ? [] : [kuid])];
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
