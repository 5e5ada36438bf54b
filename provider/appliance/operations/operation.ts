import * as z from "zod";

/** Whom API tokens are for: each role may do what those before it may. */
export const ROLES = ["read-only", "operator", "admin"] as const;

/** What an API token lets its bearer do. */
export const role = z.enum(ROLES);

export type Role = z.output<typeof role>;

/** One thing an appliance does, as data: from it come the interface, the HTTP API, its client and its description. */
export interface Operation<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> {
  readonly name: string;
  /** One sentence for the description of the API. */
  readonly description: string;
  /** A `write` is refused by an appliance that was opened read-only. */
  readonly access: "read" | "write";
  /** The least role that may ask for it; see {@link roleOf} for what it is where nothing is said. */
  readonly role?: Role;
  /** `appliance`: concerns all organizations at once, so that nobody who is kept to one of them may do it. */
  readonly reach?: "organization" | "appliance";
  readonly input: Input;
  readonly output: Output;
  /** Dotted paths of secrets in the output. */
  readonly secretOutput?: readonly string[];
}

/**
 * The least role that an operation needs: what writes, and what gives a secret away, is not for readers.
 *
 * @example roleOf(operations.getToken) // "operator": its output has the value
 */
export function roleOf(operation: Pick<Operation, "access" | "role" | "secretOutput">): Role {
  const isForReaders = operation.access === "read" && operation.secretOutput === undefined;
  return operation.role ?? (isForReaders ? "read-only" : "operator");
}

/** Whether a role may do what needs another one. @example isAtLeast("admin", "operator") // true */
export function isAtLeast(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
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
