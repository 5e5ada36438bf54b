import { InvalidArgumentError } from "commander";

const VERSION = /^v?\d+(\.\d+)*([-~+][\w.~+-]+)?$/i;

/**
 * The version of an agent as an option gives it.
 * @throws InvalidArgumentError for what is none
 * @example agentVersionFrom("14.1.19") // "14.1.19"
 */
export function agentVersionFrom(text: string): string {
  if (VERSION.test(text)) return text;
  throw new InvalidArgumentError("A version is numbers with dots between them, such as 1.4.2.");
}
