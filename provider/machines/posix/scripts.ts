import { readFileSync } from "node:fs";

/** The one place where this room reads its shell text, so that a bundle can carry it. */
const text = (name: string): string => readFileSync(new URL(`./${name}`, import.meta.url), "utf8");

/** The shell text of this room, by what it does. Read when the module is loaded: some kilobytes. */
export const POSIX_SCRIPTS = {
  reader: text("reader.sh"),
  asRoot: text("as-root.sh"),
  asSudo: text("as-sudo.sh"),
  asSudoPassword: text("as-sudo-password.sh"),
  asSu: text("as-su.sh"),
  put: text("put.sh"),
  end: text("end.sh"),
} as const;
