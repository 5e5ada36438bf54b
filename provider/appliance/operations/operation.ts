import type * as z from "zod";

/** One thing an appliance does, as data: from it come the interface, the HTTP API, its client and its description. */
export interface Operation<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> {
  readonly name: string;
  /** One sentence for the description of the API. */
  readonly description: string;
  /** A `write` is refused by an appliance that was opened read-only. */
  readonly access: "read" | "write";
  readonly input: Input;
  readonly output: Output;
  /** Dotted paths of secrets in the output. */
  readonly secretOutput?: readonly string[];
}

type Unnamed = Omit<Operation, "name">;

/** Operations by name. */
export type Named<Table extends Record<string, Unnamed>> = {
  readonly [Name in keyof Table & string]: Table[Name] & { readonly name: Name };
};

/**
 * Gives every operation of a table its key as its name.
 *
 * @example defineOperations({ getToken: { description: "…", access: "read", input, output } }).getToken.name // "getToken"
 */
export function defineOperations<const Table extends Record<string, Unnamed>>(table: Table): Named<Table> {
  const named = Object.entries(table).map(([name, operation]) => [name, { ...operation, name }]);
  return Object.fromEntries(named) as Named<Table>; // Object.fromEntries forgets which keys there were
}
