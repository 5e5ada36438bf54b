import { ApplianceError, type ApplianceErrorCode, type InputProblem } from "../appliance/errors.ts";
import { problemsText } from "../appliance/input-problems.ts";
import { UsageError } from "./session.ts";

/** Which option of a command became which property of what it asked for; `payload.at` for one within another. */
export type OptionOf = Readonly<Record<string, string>>;

/** An appliance that cannot be asked for something else says so by other codes. */
const OF_WORDS: ReadonlySet<ApplianceErrorCode> = new Set(["not-found", "invalid"]);

/**
 * An appliance's refusal of what a command asked for, as wrong usage: in the words of the command where it is known
 * which option became which property; undefined for every other error.
 *
 * @example usageErrorOf(error, { runIntervalSeconds: "--run-interval" })?.message // "--run-interval: expected at most 86400"
 */
export function usageErrorOf(error: unknown, optionOf: OptionOf = {}): UsageError | undefined {
  if (!(error instanceof ApplianceError) || !OF_WORDS.has(error.code)) return undefined;
  const { problems, message, hint } = error;
  return new UsageError(problems === undefined ? message : faultsText(problems, optionOf), hint);
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
  const said = inOptionsOf(message, optionOf);
  for (let length = own.length; length > 0; length--) {
    const option = optionOf[own.slice(0, length).join(".")];
    // What is below it is not what was typed: the sentence says what of the option's words is wrong.
    if (option !== undefined) return { path: [], message: `${one(option, own[length])}: ${said}` };
  }
  return { path: own, message: said };
}

/** An option that may be said several times. @example one("--window", 1) // "the 2nd --window" */
function one(option: string, index: string | number | undefined): string {
  return typeof index === "number" ? `the ${ordinal(index + 1)} ${option}` : option;
}

function ordinal(place: number): string {
  const teens = place % 100 >= 11 && place % 100 <= 13;
  return `${place}${(teens ? undefined : ["th", "st", "nd", "rd"][place % 10]) ?? "th"}`;
}

/** A sentence in which the appliance speaks of other properties of the same input. */
function inOptionsOf(sentence: string, optionOf: OptionOf): string {
  let said = sentence;
  for (const [property, option] of Object.entries(optionOf)) {
    const name = property.replaceAll(".", "\\.");
    said = said
      .replace(new RegExp(`\\b${name}\\[(\\d+)\\]`, "g"), (_whole, index: string) => one(option, Number(index)))
      .replace(
        new RegExp(`\`${name}: (true|false)\``, "g"),
        (_whole, is) => `\`${option} ${is === "true" ? "yes" : "no"}\``,
      )
      .replace(new RegExp(`\`${name}\``, "g"), `\`${option}\``);
  }
  return said;
}
