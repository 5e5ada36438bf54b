import type * as z from "zod";
import type { Output } from "../appliance.ts";
import type { OperationName, Operations } from "../operations/table.ts";
import type { Transaction } from "./transaction.ts";

/** How the local appliance does an operation: within one transaction, which may be run again, so it does not await. */
export type Handler<Name extends OperationName> = (
  transaction: Transaction,
  input: z.output<Operations[Name]["input"]>,
) => Output<Name>;

/** The handlers of all operations of some tables. */
export type HandlersOf<Table> = { readonly [Name in keyof Table & OperationName]: Handler<Name> };
