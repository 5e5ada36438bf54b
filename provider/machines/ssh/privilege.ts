import { type Become, MachineError } from "../machine.ts";
import { PROMPT_MARK, UNPRIVILEGED_MARK } from "../posix/command.ts";

/** How a command asks for a password before the script begins, and what its refusals mean. */
export interface Prompting {
  readonly method: Become["method"] | "log-in";
  readonly hasPassword: boolean;
  /** How often a password was asked for in what was said on stderr so far. */
  count(said: string): number;
}

export function promptingOf(privileged: boolean, become: Become): Prompting {
  return {
    method: privileged ? become.method : "log-in",
    hasPassword: become.method !== "none" && become.password !== undefined,
    count: become.method === "su" ? countSuPrompts : countSudoPrompts,
  };
}

/** sudo asks with our mark; modules that bring a question of their own ignore it. */
function countSudoPrompts(said: string): number {
  const marked = said.split(PROMPT_MARK).length - 1;
  return marked > 0 ? marked : countOwnQuestions(said);
}

function countSuPrompts(said: string): number {
  return countOwnQuestions(said);
}

/** A line that asks for a password and, for the last of them, was not ended. */
function countOwnQuestions(said: string): number {
  return said.match(/pass(word|phrase|code)[^\n:]*: ?(?=$|\n|[^\s])/gi)?.length ?? 0;
}

/**
 * What it means that the script did not begin, from what was said instead. Sudo's words are those of the C locale.
 *
 * With no password given, sudo says the same to who needs one and to who may not use it at all: both are
 * `sudo-password`, and the hint names both.
 */
export function refusal(
  prompting: Prompting,
  prompts: number,
  said: string,
  exitCode: number | undefined,
): MachineError {
  const { method, hasPassword } = prompting;
  const words = lastWords(said);
  if (method === "log-in") {
    return new MachineError({
      code: "no-privilege",
      message: `the account may log in but not run commands${words}`,
      hint: "give it a log-in shell such as /bin/sh",
    });
  }
  if (said.includes(UNPRIVILEGED_MARK)) {
    return new MachineError({
      code: "no-privilege",
      message: "the log-in is not root and has no way to become it",
      hint: 'log in as root or set `become` to "sudo" or "su"',
    });
  }
  if (
    exitCode === 127 ||
    /not in the sudoers|not allowed to (execute|run)|may not run sudo|must be run from a terminal|must have a tty|permission denied|not found/i.test(
      said,
    )
  ) {
    return new MachineError({
      code: "no-privilege",
      message: `${method} does not let this account become root${words}`,
      hint: method === "sudo" ? "allow it in sudoers, without requiretty" : "allow it, or use sudo",
    });
  }
  if (prompts > 1 || /incorrect password|authentication fail|sorry, try again/i.test(said)) {
    return new MachineError({
      code: "sudo-password",
      message: hasPassword ? `${method} rejected the password` : `${method} asks for a password and none was given`,
      hint: hasPassword ? "correct it; it was tried once" : passwordHint(method),
    });
  }
  if (/password is required|no password was provided/i.test(said) || prompts > 0) {
    return new MachineError({
      code: "sudo-password",
      message: hasPassword
        ? `${method} did not accept the password${words}`
        : `${method} asks for a password and none was given`,
      hint: hasPassword ? "correct it; it was tried once" : passwordHint(method),
    });
  }
  return new MachineError({ code: "no-privilege", message: `${method} did not make this account root${words}` });
}

/** Sudo asks everybody for a password first, also who may not use it at all. */
function passwordHint(method: Become["method"]): string {
  if (method !== "sudo") return "give the password of `become`";
  return "give the password of `become`, or allow the account NOPASSWD; whether it may use sudo at all, `sudo -l -U <account>` tells root on the machine";
}

const LONGEST_WORDS_CHARS = 200;

/** The last line that was said, without what asked for a password. */
function lastWords(said: string): string {
  const lines = said
    .replaceAll(PROMPT_MARK, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const last = lines.at(-1)?.slice(0, LONGEST_WORDS_CHARS);
  return last === undefined ? "" : `: ${last}`;
}
