import type * as z from "zod";
import { ApplianceError } from "./errors.ts";
import { inputProblems } from "./input-problems.ts";
import { type OperationName, operations } from "./operations/table.ts";

/**
 * The refusal of an input that does not fit its operation: what is wrong, at its place, without the values.
 *
 * @example wrongInput("queueTasks", error).message // "queueTasks: timeoutSeconds: expected number to be >=1"
 */
export function wrongInput(operation: OperationName, error: z.ZodError): ApplianceError {
  return refusedInput(operation, inputProblems(error));
}

/** As {@link wrongInput}, where the problems are known already. */
export function refusedInput(operation: OperationName, problems: string): ApplianceError {
  return new ApplianceError({ code: "invalid", message: `${operation}: ${problems}` });
}

/**
 * What is wrong with an input, for somebody who does not know which operation it was made for, and that what he wants
 * changed is its `changes`; undefined for every other error. What came from a server reads the same.
 */
export function problemsOfInput({ code, message }: ApplianceError): string | undefined {
  const [, operation = "", problems] = /^(\w+): (.+)$/s.exec(message) ?? [];
  if (code !== "invalid" || !Object.hasOwn(operations, operation)) return undefined;
  return problems?.replaceAll(/(^|; )changes\./g, "$1");
}
