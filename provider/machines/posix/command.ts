import type { Become } from "../machine.ts";
import { POSIX_SCRIPTS } from "./scripts.ts";

/** What sudo is told to ask with. */
export const PROMPT_MARK = "kace~prompt";
/** What a log-in says that is not root and has no way to become it. */
export const UNPRIVILEGED_MARK = "kace~unprivileged";

/** A remote command line, and whether a password may be asked for before the script is read. */
export interface ReaderCommand {
  readonly line: string;
  /** True: send nothing before the reader has begun or a password was asked for. */
  readonly mayPrompt: boolean;
}

/**
 * The command line that starts the reader, as root if asked for. Each is fixed text: nothing of a user's is in it, and
 * the log-in shell may be any (`sh`, `csh`, `fish`).
 */
export function readerCommand(privileged: boolean, become: Become): ReaderCommand {
  if (!privileged) return { line: `sh -c ${quoted(READER)}`, mayPrompt: false };
  switch (become.method) {
    case "none":
      return { line: through(POSIX_SCRIPTS.asRoot), mayPrompt: false };
    case "sudo":
      return become.password === undefined
        ? { line: through(POSIX_SCRIPTS.asSudo), mayPrompt: false }
        : { line: through(POSIX_SCRIPTS.asSudoPassword), mayPrompt: true };
    case "su":
      return { line: through(POSIX_SCRIPTS.asSu), mayPrompt: true };
  }
}

const READER = oneLine(POSIX_SCRIPTS.reader);

function through(script: string): string {
  return `sh -c ${quoted(oneLine(script))} sh ${quoted(READER)}`;
}

/** Joins a script to one line; C shells have no line breaks inside quotes. */
function oneLine(script: string): string {
  return script
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .join(" ");
}

/** Quotes for any shell, by refusing what the shells quote differently. */
function quoted(line: string): string {
  if (/['\\!\n]/.test(line)) throw new TypeError("the text of a remote command has characters that shells differ on");
  return `'${line}'`;
}
