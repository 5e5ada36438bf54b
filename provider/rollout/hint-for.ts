import { shellWord } from "../appliance/shell-word.ts";

/**
 * What to do about one machine, such that its commands can be copied: with its name in the place of `<machine>`.
 *
 * @example hintFor("web01", "run `kace diagnose <machine>`") // "run `kace diagnose web01`"
 */
export function hintFor<Hint extends string | undefined>(machine: string, hint: Hint): Hint | string {
  return hint?.replaceAll("<machine>", () => shellWord(machine)) ?? hint;
}
