import { readFileSync } from "node:fs";

function text(name: string): string {
  return readFileSync(new URL(`./shell/${name}`, import.meta.url), "utf8");
}

/** The shell and Perl texts of the lab, each explained at its own top. */
export const scripts = {
  base: text("base.sh"),
  mount: text("mount.sh"),
  address: text("address.sh"),
  startLight: text("start-light.sh"),
  light: text("light.sh"),
  supervise: text("supervise.sh"),
  ask: text("ask.sh"),
  listener: text("listener.pl"),
} as const;
