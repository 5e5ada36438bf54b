import type { Selectable } from "kysely";
import * as z from "zod";
import { ApplianceError } from "../errors.ts";
import { conditionsOf, type MachineFilter, machineFilter } from "../filter/filter.ts";
import { testOf } from "../filter/match.ts";
import { type LabelMachine, labelMachines } from "./label-machines.ts";
import { machinesNamed } from "./named-machines.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { fromColumn, type Transaction } from "./transaction.ts";

/** A label as the database has it. In a stored filter, conditions name labels by their ids, so that a name may change. */
export type LabelRow = Selectable<Tables["labels"]>;

const listed = z.array(z.string());

/** The machines that a manual label lists. */
export function listedMachinesOf(row: LabelRow): readonly string[] {
  return row.machines === null ? [] : fromColumn(listed, row.machines, `label ${row.id}`);
}

/** The filter of a label, with ids in the places of labels' names; undefined for one by hand. */
export function storedFilterOf(row: LabelRow): MachineFilter | undefined {
  return row.filter === null ? undefined : fromColumn(machineFilter, row.filter, `label ${row.id}`);
}

/** The ids of the labels that a stored filter names. */
export function labelsIn(filter: MachineFilter | undefined): readonly string[] {
  if (filter === undefined) return [];
  const named = conditionsOf(filter).flatMap(({ condition }) =>
    condition.property === "label" ? condition.value : [],
  );
  return [...new Set(named)];
}

/** All labels of an organization by name. */
export function labelRows(tx: Transaction, organization: string): LabelRow[] {
  return tx.queries.all(
    build.selectFrom("labels").selectAll().where("organization", "=", organization).orderBy("name"),
  );
}

/** Who has a label. */
export interface Membership {
  /** The KUIDs, in order. */
  readonly members: readonly string[];
  /** What a manual label lists and no approved device is called. */
  readonly pending: readonly string[];
}

/** The labels of an organization and who has them, at the moment of a transaction. */
export class LabelMemberships {
  readonly #tx: Transaction;
  readonly #organization: string;
  readonly #rows: ReadonlyMap<string, LabelRow>;
  readonly #known = new Map<string, Membership>();
  readonly #sets = new Map<string, ReadonlySet<string>>();
  readonly #asking = new Set<string>();
  #machines: readonly LabelMachine[] | undefined;

  constructor(tx: Transaction, organization: string) {
    this.#tx = tx;
    this.#organization = organization;
    this.#rows = new Map(labelRows(tx, organization).map((row) => [row.id, row]));
  }

  /** Who has the label of an id. */
  of(id: string): Membership {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const row = this.#rows.get(id);
    if (row === undefined || this.#asking.has(id)) throw brokenLabel(id);
    this.#asking.add(id);
    const filter = storedFilterOf(row);
    const found =
      filter === undefined ? this.listed(listedMachinesOf(row)) : { members: this.matching(filter), pending: [] };
    this.#asking.delete(id);
    this.#known.set(id, found);
    return found;
  }

  /** Whom a filter means, with ids in the places of labels' names: their KUIDs, in order. */
  matching(filter: MachineFilter): readonly string[] {
    const test = testOf(filter);
    this.#machines ??= labelMachines(this.#tx, this.#organization);
    return this.#machines
      .filter((machine) => test(machine, (label) => this.#has(label, machine.kuid)))
      .map(({ kuid }) => kuid);
  }

  /** Whom a list names, by KUID or host name. */
  listed(names: readonly string[]): Membership {
    const found = machinesNamed(this.#tx, this.#organization, names);
    const members = new Set([...found.values()].flat());
    return { members: [...members].sort(), pending: names.filter((name) => !found.has(name)) };
  }

  #has(id: string, kuid: string): boolean {
    let members = this.#sets.get(id);
    if (members === undefined) {
      members = new Set(this.of(id).members);
      this.#sets.set(id, members);
    }
    return members.has(kuid);
  }
}

/** A saved filter names only labels that are there, without a cycle: both are looked at before it is saved. */
function brokenLabel(id: string): ApplianceError {
  return new ApplianceError({ code: "corrupt", message: `label ${id} in the database is not as expected` });
}
