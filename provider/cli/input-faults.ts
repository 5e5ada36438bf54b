import { ApplianceError, type InputProblem } from "../appliance/errors.ts";
import { problemsText } from "../appliance/input-problems.ts";
import { formatPath } from "../kit/define/path.ts";
import { UsageError } from "./session.ts";

/** Which option of a command became which property of what it asked for. */
export type OptionOf = Readonly<Record<string, string>>;

/**
 * An appliance's refusal of what a command asked for, as wrong usage: in the words of the command where it is known
 * which option became which property; undefined for every other error.
 *
 * @example usageErrorOf(error, { runIntervalSeconds: "--run-interval" })?.message // "--run-interval: expected number to be <=86400"
 */
export function usageErrorOf(error: unknown, optionOf: OptionOf = {}): UsageError | undefined {
  if (!(error instanceof ApplianceError) || error.problems === undefined) return undefined;
  return new UsageError(faultsText(error.problems, optionOf), error.hint);
}

/** Does what a command asks for, and says in the command's words what of it is refused. @throws UsageError */
export async function inOptions<T>(optionOf: OptionOf, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw usageErrorOf(error, optionOf) ?? error;
  }
}

/** What is wrong, or worth to be known, in the words of a command. */
export function faultsText(problems: readonly InputProblem[], optionOf: OptionOf): string {
  return problemsText(problems.map((problem) => named(problem, optionOf)));
}

/** Who asks for a plan knows nothing of the `changes` that his wishes are to the appliance. */
function named({ path, message }: InputProblem, optionOf: OptionOf): InputProblem {
  const own = path[0] === "changes" ? path.slice(1) : path;
  const [property, ...rest] = own;
  const option = property === undefined ? undefined : optionOf[property];
  if (option === undefined) return { path: own, message };
  const place = formatPath(rest);
  const dot = place === "" || place.startsWith("[") ? "" : ".";
  return { path: [], message: `${option}${dot}${place}: ${message}` };
}
