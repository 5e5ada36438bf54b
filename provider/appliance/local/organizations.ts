import type { Selectable } from "kysely";
import { ApplianceError } from "../errors.ts";
import { DEFAULT_ORGANIZATION } from "../operations/fields.ts";
import type { Organization, organizationOperations } from "../operations/organizations.ts";
import type { HandlersOf } from "./handlers.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { changesBetween, moment, recordChanges, type Transaction } from "./transaction.ts";
import { VISIBILITY } from "./visibility.ts";

type Row = Selectable<Tables["organizations"]>;

/** Tables whose rows say whose they are. */
type OwnedTable = {
  [Table in keyof Tables]: "organization" extends keyof Tables[Table] ? Table : never;
}[keyof Tables];

function describe(row: Row): Organization {
  return {
    name: row.name,
    description: row.description ?? undefined,
    urn: row.urn ?? undefined,
    createdAt: moment(row.created_at),
    updatedAt: moment(row.updated_at),
  };
}

function rows() {
  return build.selectFrom("organizations").selectAll();
}

function find(tx: Transaction, name: string): Row {
  const row = tx.queries.first(rows().where("name", "=", name));
  if (row !== undefined) return row;
  throw noOrganization(name);
}

/** The answer to whoever asks for an organization that is not there, or that they may not see. */
export function noOrganization(name: string): ApplianceError {
  return new ApplianceError({
    code: "not-found",
    message: `there is no organization "${name}"`,
    hint: "`kace orgs list` lists those there are; leave `organization` out for the one there always is",
  });
}

function subjectOf(name: string) {
  return { subject: `organization:${name}`, subjectName: name };
}

function redescribe(tx: Transaction, row: Row, description: string | null): Organization {
  const changes = changesBetween({ description: row.description }, { description });
  if (changes.length === 0) return describe(row);
  tx.queries.run(
    build.updateTable("organizations").set({ description, updated_at: tx.now }).where("name", "=", row.name),
  );
  recordChanges(tx, subjectOf(row.name), changes);
  return describe(find(tx, row.name));
}

function ownedTables(): OwnedTable[] {
  const tables = Object.entries(VISIBILITY).filter(([, { column }]) => column === "organization");
  return tables.map(([table]) => table as OwnedTable); // what has that column
}

function countIn(tx: Transaction, table: OwnedTable, organization: string): number {
  const query = build
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("organization", "=", organization);
  return tx.queries.first(query)?.count ?? 0;
}

/** What keeps an organization from being deleted: `2 tokens, 1 devices`; empty where nothing does. */
function contentsOf(tx: Transaction, organization: string): string {
  return ownedTables()
    .flatMap((table) => {
      const { contents } = VISIBILITY[table];
      const count = contents === undefined ? 0 : countIn(tx, table, organization);
      return count === 0 ? [] : [`${contents}: ${count}`];
    })
    .join(", ");
}

function remove(tx: Transaction, { name, description }: Row): void {
  // An organization of the same name that is made later has no part in the history of this one.
  tx.queries.run(build.updateTable("history").set({ organization: null }).where("organization", "=", name));
  for (const table of ownedTables()) {
    if (table !== "history") tx.queries.run(build.deleteFrom(table).where("organization", "=", name));
  }
  tx.queries.run(build.deleteFrom("organizations").where("name", "=", name));
  recordChanges(tx, subjectOf(name), changesBetween({ name, description }, {}));
}

/**
 * Takes from a resource the organization that it has under another name. Either a replacement is going to delete that
 * one once what is in it has moved, and until then it is nobody's; or a create made it whose answer was lost, and then
 * nothing is in it and nobody would ever delete it.
 */
function leaveBehind(tx: Transaction, row: Row): void {
  if (contentsOf(tx, row.name) === "") remove(tx, row);
  else tx.queries.run(build.updateTable("organizations").set({ urn: null }).where("name", "=", row.name));
}

export const organizationHandlers: HandlersOf<typeof organizationOperations> = {
  createOrganization(tx, { name, description, urn }) {
    const present = urn === undefined ? undefined : tx.queries.first(rows().where("urn", "=", urn));
    if (present?.name === name) return redescribe(tx, present, description ?? null);
    if (tx.queries.first(rows().where("name", "=", name)) !== undefined) {
      throw new ApplianceError({
        code: "conflict",
        message: `there is already an organization "${name}"`,
        hint: "import that one, or choose another name",
      });
    }
    if (present !== undefined) leaveBehind(tx, present);
    const row = {
      name,
      description: description ?? null,
      urn: urn ?? null,
      created_at: tx.now,
      updated_at: tx.now,
    };
    tx.queries.run(build.insertInto("organizations").values(row));
    recordChanges(tx, subjectOf(name), changesBetween({}, { name, description }));
    return describe(row);
  },

  getOrganization: (tx, { name }) => describe(find(tx, name)),

  listOrganizations: (tx) => ({ organizations: tx.queries.all(rows().orderBy("name")).map(describe) }),

  updateOrganization(tx, { name, description }) {
    const row = find(tx, name);
    return redescribe(tx, row, description === undefined ? row.description : description);
  },

  deleteOrganization(tx, { name }) {
    const row = tx.queries.first(rows().where("name", "=", name));
    if (row === undefined) return { deleted: false };
    if (name === DEFAULT_ORGANIZATION) {
      throw new ApplianceError({
        code: "conflict",
        message: `the organization "${name}" is always there: it cannot be deleted`,
        hint: "what names no organization belongs to it",
      });
    }
    const contents = contentsOf(tx, name);
    if (contents !== "") {
      throw new ApplianceError({
        code: "conflict",
        message: `the organization "${name}" is not empty: ${contents}`,
        hint: "delete what is in it first; `kace --organization` with the lists of each kind shows it",
      });
    }
    remove(tx, row);
    return { deleted: true };
  },
};
