import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import {
  type Compilable,
  type CompiledQuery,
  DummyDriver,
  InsertQueryNode,
  Kysely,
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from "kysely";
import { ApplianceError } from "../errors.ts";
import { isFixed } from "./fixed-query.ts";
import { isConstraint } from "./sqlite-errors.ts";
import type { Tables } from "./tables.ts";

/**
 * Builds queries, and only that: they are run by {@link Queries}, at once and within a transaction, which a driver of
 * promises could not promise.
 */
export const build = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

/**
 * A list for `in`, as one parameter however long it is: SQLite takes 32,766 parameters at most.
 * @example build.selectFrom("devices").where("kuid", "in", listed(kuids))
 */
export function listed<Item extends string | number>(items: readonly Item[]): RawBuilder<Item> {
  return sql<Item>`(select value from json_each(${JSON.stringify(items)}))`;
}

/** More kinds of statements than the program has: beyond it something makes SQL out of values. */
const STATEMENTS_KEPT = 500;

/** Makes of a query the one that is run in its stead. */
export type Rewrite = (query: CompiledQuery) => CompiledQuery;

/** A statement as it is kept for the next time. */
interface Prepared {
  readonly statement: StatementSync;
  /** The names of its columns; undefined until its rows were first read. */
  columns: readonly string[] | undefined;
}

/** Runs built queries on one connection; statements are prepared once. */
export class Queries {
  readonly #database: DatabaseSync;
  readonly #statements: Map<string, Prepared>;
  readonly #rewrite: Rewrite | undefined;

  constructor(database: DatabaseSync, statements = new Map<string, Prepared>(), rewrite?: Rewrite) {
    this.#database = database;
    this.#statements = statements;
    this.#rewrite = rewrite;
  }

  /** The same connection, on which every query is rewritten; what it may not see it cannot overwrite either. */
  rewritten(rewrite: Rewrite): Queries {
    return new Queries(this.#database, this.#statements, rewrite);
  }

  all<Row>(query: Compilable<Row>): Row[] {
    const { prepared, parameters } = this.#prepare(query);
    const { statement } = prepared;
    statement.setReturnArrays(true);
    const rows: unknown = statement.all(...parameters);
    return objectsOf(prepared, rows as readonly (readonly unknown[])[]) as Row[]; // what the query's type says, which the compiler derived from the same tables
  }

  first<Row>(query: Compilable<Row>): Row | undefined {
    const { prepared, parameters } = this.#prepare(query);
    const { statement } = prepared;
    statement.setReturnArrays(false);
    const row: unknown = statement.get(...parameters);
    return row as Row | undefined; // as above
  }

  /** Runs a query that changes something; gives the number of rows it changed and the last row it made. */
  run(query: Compilable): { readonly changes: number; readonly row: number } {
    const { prepared, parameters, node } = this.#prepare(query);
    try {
      const { changes, lastInsertRowid } = prepared.statement.run(...parameters);
      const overwrites = node !== undefined && InsertQueryNode.is(node) && node.onConflict?.updates !== undefined;
      if (overwrites && changes === 0 && this.#rewrite !== undefined) throw takenOutOfSight();
      return { changes: Number(changes), row: Number(lastInsertRowid) };
    } catch (error) {
      throw this.#rewrite !== undefined && isConstraint(error) ? takenOutOfSight(error) : error;
    }
  }

  #prepare(query: Compilable) {
    if (this.#rewrite === undefined && isFixed(query)) return this.#statement(query.text, undefined);
    const built = query.compile();
    const compiled = this.#rewrite === undefined ? built : this.#rewrite(built);
    return this.#statement(compiled, compiled.query);
  }

  #statement(compiled: Pick<CompiledQuery, "sql" | "parameters">, node: CompiledQuery["query"] | undefined) {
    let prepared = this.#statements.get(compiled.sql);
    if (prepared === undefined) {
      if (this.#statements.size >= STATEMENTS_KEPT) this.#statements.clear();
      prepared = { statement: this.#database.prepare(compiled.sql), columns: undefined };
      this.#statements.set(compiled.sql, prepared);
    }
    return { prepared, parameters: compiled.parameters.map(inputValue), node };
  }
}

/**
 * Rows by the names of their columns. SQLite's interface could give them so itself, but makes each a dictionary of its own:
 * these are all of one shape, which takes half of the time to make and to read.
 */
function objectsOf(
  prepared: Prepared,
  rows: readonly (readonly unknown[])[],
): { readonly [column: string]: unknown }[] {
  const [first] = rows;
  if (first === undefined) return [];
  let { columns } = prepared;
  // Of another length where another process has changed the table meanwhile.
  if (columns?.length !== first.length) {
    columns = prepared.statement.columns().map(({ name }) => name);
    prepared.columns = columns;
  }
  return rows.map((row) => {
    const object: { [column: string]: unknown } = {};
    let index = 0;
    for (const column of columns) object[column] = row[index++];
    return object;
  });
}

function takenOutOfSight(cause?: unknown): ApplianceError {
  return new ApplianceError({
    code: "conflict",
    message: "this name or identity is taken where this API token cannot look",
    hint: "choose another one, or ask whoever looks after the whole appliance",
    cause,
  });
}

function inputValue(value: unknown): SQLInputValue {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`a query has a parameter of type ${typeof value}`);
}
