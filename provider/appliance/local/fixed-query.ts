import type { Compilable, CompiledQuery } from "kysely";

/** What a query can be given. */
type Value = string | number | null | Uint8Array;

/** A query whose text is known already. Whoever rewrites queries compiles it as any other. */
export interface FixedQuery<Row> extends Compilable<Row> {
  readonly text: { readonly sql: string; readonly parameters: readonly unknown[] };
}

/** The place of a value in a query that is compiled before there is one. */
class Slot {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * A query that is the same but for its values, and is compiled once: for what is asked at every enrolment and every
 * check-in, since building and compiling a query takes several times as long as running it.
 *
 * @param make must use every value as a value of the query, and decide nothing by it
 * @example const byKuid = fixed(({ kuid }: { kuid: string }) => build.selectFrom("devices").selectAll().where("kuid", "=", kuid));
 * tx.queries.first(byKuid({ kuid }));
 */
export function fixed<Given extends { readonly [Name in keyof Given]: Value }, Row>(
  make: (given: Given) => Compilable<Row>,
): (given: Given) => FixedQuery<Row> {
  let compiled: CompiledQuery<Row> | undefined;
  return (given) => {
    compiled ??= make(slots<Given>()).compile();
    const { sql, parameters } = compiled;
    const values: { readonly [name: string]: unknown } = given;
    return {
      text: { sql, parameters: parameters.map((value) => (value instanceof Slot ? values[value.name] : value)) },
      compile: () => make(given).compile(),
    };
  };
}

/** Stands for every value there may be, which the builder of queries passes on without a look at it. */
function slots<Given>(): Given {
  return new Proxy({}, { get: (_target, name) => new Slot(String(name)) }) as Given; // its properties are only passed on
}

/** Whether a query's text is known already. */
export function isFixed<Row>(query: Compilable<Row>): query is FixedQuery<Row> {
  return "text" in query;
}
