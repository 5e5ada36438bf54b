import { ProviderError } from "../../kit/define/errors.ts";
import { isRight } from "../../rollout/codes.ts";
import { driftPaths, type Recording } from "../../rollout/results.ts";
import { describeTargetProblem, parseTargets } from "../../rollout/targets/parse-targets.ts";
import type { Target } from "../../rollout/targets/target.ts";
import type { TargetSet } from "../../rollout/targets/target-set.ts";
import { targetOf } from "./dropped.ts";
import type { Inputs } from "./inputs.ts";

/** Machines of a run. */
export interface Crowd {
  /** Begins anew at every call. */
  walk(): Iterable<Target>;
  readonly total: number;
}

/** The targets of a configuration. @throws ProviderError `invalid-input` for what the check would have refused */
export function targetsOf({ targets }: Pick<Inputs, "targets">): TargetSet {
  const parsed = parseTargets(targets);
  if (parsed.ok) return parsed.targets;
  const [problem] = parsed.problems;
  throw new ProviderError({
    code: "invalid-input",
    path: problem?.path,
    message: problem === undefined ? "the targets cannot be read" : describeTargetProblem(problem),
  });
}

/** All targets. */
export function everybody(targets: TargetSet): Crowd {
  return { walk: () => targets.walk(), total: Number(targets.count) };
}

/**
 * The targets that are recorded as not right: what a program that did not change has to work on. Undefined where the
 * record does not name them all, or names none: then all targets are to be looked at.
 */
export function notRightOnes(recorded: Recording, targets: TargetSet): Crowd | undefined {
  if (driftPaths(recorded).some(([property]) => property === "summary")) return undefined;
  const wrong = Object.entries(recorded.results).filter(
    ([key, { class: outcomeClass }]) => !isRight(outcomeClass) && targets.has(key),
  );
  if (wrong.length === 0) return undefined;
  const list = wrong.map(([key]) => targetOf(key));
  return { walk: () => list, total: list.length };
}
