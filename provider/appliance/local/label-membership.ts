import type { Selectable } from "kysely";
import * as z from "zod";
import { ApplianceError } from "../errors.ts";
import { conditionsOf, type MachineFilter, machineFilter } from "../filter/filter.ts";
import { testOf } from "../filter/match.ts";
import { type LabelMachine, labelMachines, MachineIndex } from "./label-machines.ts";
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
  /** By KUID. */
  readonly members: readonly LabelMachine[];
  /** What a manual label lists and no approved device is called. */
  readonly pending: readonly string[];
}

/** The labels of an organization and who has them, at the moment of a transaction. */
export class LabelMemberships {
  readonly #rows: ReadonlyMap<string, LabelRow>;
  readonly #machines: readonly LabelMachine[];
  readonly #known = new Map<string, Membership & { readonly kuids: ReadonlySet<string> }>();
  readonly #asking = new Set<string>();
  #index: MachineIndex | undefined;

  constructor(tx: Transaction, organization: string) {
    this.#rows = new Map(labelRows(tx, organization).map((row) => [row.id, row]));
    this.#machines = labelMachines(tx, organization);
  }

  /** Who has the label of an id. */
  of(id: string): Membership {
    return this.#of(id);
  }

  /** Whom a filter means, with ids in the places of labels' names. */
  matching(filter: MachineFilter): readonly LabelMachine[] {
    return this.#filtered(filter).members;
  }

  /** Whom a list names, by KUID or host name. */
  listed(names: readonly string[]): Membership {
    return this.#listed(names);
  }

  #of(id: string): Membership & { readonly kuids: ReadonlySet<string> } {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const row = this.#rows.get(id);
    if (row === undefined || this.#asking.has(id)) throw brokenLabel(id);
    this.#asking.add(id);
    const filter = storedFilterOf(row);
    const { members, pending } = filter === undefined ? this.#listed(listedMachinesOf(row)) : this.#filtered(filter);
    this.#asking.delete(id);
    const found = { members, pending, kuids: new Set(members.map(({ kuid }) => kuid)) };
    this.#known.set(id, found);
    return found;
  }

  #filtered(filter: MachineFilter): Membership {
    const test = testOf(filter);
    const members = this.#machines.filter((machine) =>
      test(machine.facts(), (label) => this.#of(label).kuids.has(machine.kuid)),
    );
    return { members, pending: [] };
  }

  #listed(names: readonly string[]): Membership {
    if (names.length === 0) return { members: [], pending: [] }; // an index of all would be made for nothing
    this.#index ??= new MachineIndex(this.#machines);
    const members = new Map<string, LabelMachine>();
    const pending: string[] = [];
    for (const name of names) {
      const found = this.#index.named(name);
      if (found.length === 0) pending.push(name);
      for (const machine of found) members.set(machine.kuid, machine);
    }
    return { members: [...members.values()].sort((one, other) => (one.kuid < other.kuid ? -1 : 1)), pending };
  }
}

/** A saved filter names only labels that are there, without a cycle: both are looked at before it is saved. */
function brokenLabel(id: string): ApplianceError {
  return new ApplianceError({ code: "corrupt", message: `label ${id} in the database is not as expected` });
}
