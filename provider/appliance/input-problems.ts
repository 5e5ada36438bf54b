import type * as z from "zod";
import { formatPath } from "../kit/define/path.ts";

/** A long list may be wrong in each of its items. */
const MOST_PROBLEMS = 20;

/** What zod puts before the sentence that says what is expected. */
const KIND = /^(?:Too small|Too big|Invalid input|Invalid option|Invalid string): /;

/**
 * What is wrong with an input, each at its place, without the values.
 *
 * @example inputProblems(error) // "timeoutSeconds: expected number to be >=1"
 */
export function inputProblems({ issues }: z.ZodError): string {
  const problems = issues.slice(0, MOST_PROBLEMS).map(({ path, message }) => {
    const where = formatPath(path.map((step) => (typeof step === "symbol" ? String(step) : step)));
    const problem = message.replace(KIND, "");
    return where === "" ? problem : `${where}: ${problem}`;
  });
  const more = issues.length > problems.length ? `; and ${issues.length - problems.length} more` : "";
  return `${problems.join("; ")}${more}`;
}
