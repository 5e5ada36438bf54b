import type * as z from "zod";
import { formatPath } from "../kit/define/path.ts";
import { ApplianceError } from "./errors.ts";
import { type OperationName, operations } from "./operations/table.ts";

/** A long list may be wrong in each of its items. */
const MOST_PROBLEMS = 20;

/** What zod puts before the sentence that says what is expected. */
const KIND = /^(?:Too small|Too big|Invalid input|Invalid option|Invalid string): /;

/**
 * The refusal of an input that does not fit its operation: what is wrong, at its place, without the values.
 *
 * @example wrongInput("queueTasks", error).message // "queueTasks: timeoutSeconds: expected number to be >=1"
 */
export function wrongInput(operation: OperationName, { issues }: z.ZodError): ApplianceError {
  const problems = issues.slice(0, MOST_PROBLEMS).map(({ path, message }) => {
    const where = formatPath(path.map((step) => (typeof step === "symbol" ? String(step) : step)));
    const problem = message.replace(KIND, "");
    return where === "" ? problem : `${where}: ${problem}`;
  });
  const more = issues.length > problems.length ? `; and ${issues.length - problems.length} more` : "";
  return new ApplianceError({ code: "invalid", message: `${operation}: ${problems.join("; ")}${more}` });
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
