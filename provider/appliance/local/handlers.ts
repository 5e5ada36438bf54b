import type * as z from "zod";
import type { Output } from "../appliance.ts";
import type { OperationName, Operations } from "../operations/table.ts";
import type { Transaction } from "./transaction.ts";

/** How the local appliance does an operation: within one transaction, which may be run again, so it does not await. */
export type Handler<Name extends OperationName> = (
  transaction: Transaction,
  input: z.output<Operations[Name]["input"]>,
) => Output<Name>;

/** An operation of which a part is done before its transaction, and may take its time: no other one waits for it. */
export interface PreparedHandler<Name extends OperationName> {
  /** Gives what is then done within the transaction, as a {@link Handler} does it. */
  readonly prepare: (input: z.output<Operations[Name]["input"]>) => Promise<(transaction: Transaction) => Output<Name>>;
}

/** The handlers of all operations of some tables, and which of them are prepared. */
export type HandlersOf<Table, PreparedName extends OperationName = never> = {
  readonly [Name in keyof Table & OperationName]: Name extends PreparedName ? PreparedHandler<Name> : Handler<Name>;
};
