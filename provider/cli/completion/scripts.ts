import { readFileSync } from "node:fs";

// tools/build/bundle.ts knows this way of reading, and puts the texts into the bundle.
const text = (name: string): string => readFileSync(new URL(`./${name}`, import.meta.url), "utf8");

/** Walks through the tables of commands, in any shell. */
export const CORE = text("core.sh");

/** What a shell gets beside that, to ask when somebody presses Tab. */
export const SHELL_PARTS = { bash: text("bash.sh"), zsh: text("zsh.sh") };
