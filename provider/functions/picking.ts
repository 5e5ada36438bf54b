/** A machine that can be picked. */
export interface Machine {
  /** What to name it by among targets. */
  readonly machine: string;
  readonly address?: string | undefined;
  /** Its other names. */
  readonly names?: readonly string[];
  readonly kuid?: string;
  readonly connected?: boolean;
}

/** The machines that were picked, and how many the filter leaves. */
export interface Picked {
  readonly machines: readonly Omit<Machine, "names">[];
  readonly count: number;
}

/**
 * The first machines of which a name or an address has a text in it, in any case, and the number of all of them.
 *
 * @param limit how many to give; 0 for all
 * @example pick([{ machine: "Library-1" }, { machine: "web01" }], "lib", 20) // { machines: [{ machine: "Library-1" }], count: 1 }
 */
export function pick(machines: Iterable<Machine>, filter: string | undefined, limit: number): Picked {
  const wanted = filter?.toLowerCase();
  const picked: Omit<Machine, "names">[] = [];
  let count = 0;
  for (const { names = [], ...machine } of machines) {
    const texts = [machine.machine, machine.address ?? "", ...names];
    if (wanted !== undefined && !texts.some((text) => text.toLowerCase().includes(wanted))) continue;
    count += 1;
    if (limit === 0 || picked.length < limit) picked.push(machine);
  }
  return { machines: picked, count };
}
