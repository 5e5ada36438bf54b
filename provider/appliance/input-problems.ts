import type * as z from "zod";
import { formatPath } from "../kit/define/path.ts";
import { inOurWords } from "../kit/define/zod-words.ts";
import type { InputProblem } from "./errors.ts";

/** A long list may be wrong in each of its items. */
const MOST_PROBLEMS = 20;

/** What zod puts before the sentence that says what is expected. */
const KIND = /^(?:Invalid input|Invalid option|Invalid string): /;

/**
 * What is wrong with an input, each at its place, without the values; of very many, the first and how many more.
 *
 * @example inputProblems(error) // [{ path: ["timeoutSeconds"], message: "expected at least 1" }]
 */
export function inputProblems({ issues }: z.ZodError): InputProblem[] {
  const problems = issues.slice(0, MOST_PROBLEMS).map(({ path, message }) => ({
    path: path.map((step) => (typeof step === "symbol" ? String(step) : step)),
    message: inOurWords(message).replace(KIND, ""),
  }));
  const more = issues.length - problems.length;
  return more === 0 ? problems : [...problems, { path: [], message: `and ${more} more` }];
}

/** @example problemsText([{ path: ["windows", 1], message: "it overlaps windows[0]" }]) // "windows[1]: it overlaps windows[0]" */
export function problemsText(problems: readonly InputProblem[]): string {
  return problems
    .map(({ path, message }) => (path.length === 0 ? message : `${formatPath(path)}: ${message}`))
    .join("; ");
}
