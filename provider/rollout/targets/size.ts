import type { Path } from "../../kit/define/path.ts";
import type { TargetProblem } from "./parse-targets.ts";
import type { TargetSet } from "./target-set.ts";

/** More targets than these are most likely a mistake of a range and need `allowLarge`: a /16 passes, a /15 does not. */
export const LARGE = 65_536;

/**
 * What is wrong with how many targets there are: none at all, or more than {@link LARGE} without `allowLarge`.
 *
 * @example sizeProblem(targets, { allowLarge: false })?.message // "16777216 targets; more than 65536 need allowLarge: true"
 */
export function sizeProblem(
  targets: TargetSet,
  { allowLarge }: { readonly allowLarge: boolean },
  at: Path = ["targets"],
): TargetProblem | undefined {
  const { count } = targets;
  if (count === 0n) return { path: at, message: "no target is left: nothing is given, or all of it is excluded" };
  if (count <= LARGE || allowLarge) return undefined;
  return { path: at, message: `${count} targets; more than ${LARGE} need allowLarge: true` };
}
