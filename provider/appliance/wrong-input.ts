import type * as z from "zod";
import { ApplianceError, type InputProblem } from "./errors.ts";
import { inputProblems, problemsText } from "./input-problems.ts";
import type { OperationName } from "./operations/table.ts";

/**
 * The refusal of an input that does not fit its operation: what is wrong, at its place, without the values.
 *
 * @example wrongInput("queueTasks", error).message // "queueTasks: timeoutSeconds: expected at least 1"
 */
export function wrongInput(operation: OperationName, error: z.ZodError): ApplianceError {
  return refusedInput(operation, inputProblems(error));
}

/** As {@link wrongInput}, where the problems are known already. */
export function refusedInput(operation: OperationName, problems: readonly InputProblem[]): ApplianceError {
  return new ApplianceError({
    code: "invalid",
    message: `${operation}: ${problemsText(problems)}`,
    problems: [...problems],
  });
}

/** The refusal of an input that fits its operation, and cannot be right as things are. */
export function refusedAt(path: InputProblem["path"], message: string, hint?: string): ApplianceError {
  const problems = [{ path, message }];
  return new ApplianceError({ code: "invalid", message: problemsText(problems), hint, problems });
}
