import { ApplianceError } from "../errors.ts";
import { MAX_LISTED_MACHINES } from "../operations/listed-machine.ts";
import { type LabelRow, listedMachinesOf } from "./label-membership.ts";
import { machinesNamed } from "./named-machines.ts";
import type { Transaction } from "./transaction.ts";

/**
 * The list of a manual label after machines have been put in or taken out. A machine is in it under whatever name it
 * was put in: taking out `web01` takes out the KUID of web01 as well, and those of devices that it has replaced.
 *
 * @throws ApplianceError `invalid` where the list would grow too long
 */
export function changeMachines(
  tx: Transaction,
  row: LabelRow,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
): {
  readonly machines: readonly string[];
  readonly added: number;
  readonly removed: number;
  readonly missing: readonly string[];
} {
  const listed = listedMachinesOf(row);
  const meant = meantIn(machinesNamed(tx, row.organization, [...listed, ...add]));
  const everMeant = meantIn(machinesNamed(tx, row.organization, remove, { replacedToo: true }));
  const removing = new Set(remove.flatMap(everMeant));
  const before = new Set(remove.length === 0 ? [] : listed.flatMap(meant));
  const missing = remove.filter((name) => !everMeant(name).some((key) => before.has(key)));
  const kept = listed.filter((name) => !meant(name).some((key) => removing.has(key)));
  const there = new Set(kept.flatMap(meant));
  const adding: string[] = [];
  for (const name of add) {
    const keys = meant(name);
    if (keys.some((key) => there.has(key))) continue;
    adding.push(name);
    for (const key of keys) there.add(key);
  }
  const machines = [...kept, ...adding];
  if (machines.length > MAX_LISTED_MACHINES)
    throw new ApplianceError({
      code: "invalid",
      message: `label "${row.name}" would list ${machines.length} machines; ${MAX_LISTED_MACHINES} are the most`,
      hint: "use a filter",
    });
  return { machines, added: adding.length, removed: listed.length - kept.length, missing };
}

/** The KUIDs that a name stands for, and the name itself. */
function meantIn(named: ReadonlyMap<string, readonly string[]>): (name: string) => readonly string[] {
  return (name) => [name.toLowerCase(), ...(named.get(name) ?? []).map((kuid) => kuid.toLowerCase())];
}
