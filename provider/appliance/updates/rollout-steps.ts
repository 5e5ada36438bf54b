import { createHash } from "node:crypto";

/** From some time on, which share of the machines may be updated. */
export interface RolloutStep {
  /** 1 to 100, of all machines that the policy is for. */
  readonly percent: number;
  /** Counted from when the present rollout began. */
  readonly afterSeconds: number;
}

export interface StepProblem {
  readonly path: readonly ["rollout", number, keyof RolloutStep];
  readonly message: string;
}

/**
 * What is wrong with steps: each must come later than the one before and be for more machines.
 *
 * @example problemsOfSteps([{ percent: 50, afterSeconds: 0 }, { percent: 10, afterSeconds: 60 }])[0]?.path // ["rollout", 1, "percent"]
 */
export function problemsOfSteps(steps: readonly RolloutStep[]): StepProblem[] {
  return steps.flatMap((step, index): StepProblem[] => {
    const before = steps[index - 1];
    if (before === undefined) return [];
    if (step.percent <= before.percent)
      return [
        {
          path: ["rollout", index, "percent"],
          message: `expected more than the ${before.percent} percent of the step before`,
        },
      ];
    if (step.afterSeconds <= before.afterSeconds)
      return [
        { path: ["rollout", index, "afterSeconds"], message: "expected a later time than that of the step before" },
      ];
    return [];
  });
}

/** How much of the fleet may be updated now, in percent; all of it where there are no steps. */
export function percentAt(steps: readonly RolloutStep[], beganAtMs: number, nowMs: number): number {
  if (steps.length === 0) return 100;
  return steps.findLast(({ afterSeconds }) => beganAtMs + afterSeconds * 1_000 <= nowMs)?.percent ?? 0;
}

/** When the next step comes; undefined after the last one. @returns milliseconds since 1970 */
export function nextStepAt(steps: readonly RolloutStep[], beganAtMs: number, nowMs: number): number | undefined {
  const next = steps.find(({ afterSeconds }) => beganAtMs + afterSeconds * 1_000 > nowMs);
  return next === undefined ? undefined : beganAtMs + next.afterSeconds * 1_000;
}

/**
 * The machines in the order in which a rollout comes to them: by chance, but the same at every look, and another one in
 * every generation, so that not always the same machines are the first to be hurt.
 *
 * @param generation what tells one rollout from another
 */
export function inRolloutOrder<Machine extends { readonly kuid: string }>(
  machines: readonly Machine[],
  generation: string,
): Machine[] {
  const rank = ({ kuid }: Machine) => createHash("sha256").update(`${generation}\0${kuid}`).digest("hex");
  return machines
    .map((machine) => ({ machine, rank: rank(machine) }))
    .sort((one, other) => (one.rank < other.rank ? -1 : 1))
    .map(({ machine }) => machine);
}

/** How many machines a share means: at least one, so that every rollout has a first machine. @example shareOf(10, 45) // 5 */
export function shareOf(percent: number, total: number): number {
  return Math.ceil((percent * total) / 100);
}

/**
 * How many machines a number or a share of them means; a share is rounded down.
 * @example shareOfCount("10%", 45) // 4
 */
export function shareOfCount(numberOrShare: number | string, total: number): number {
  if (typeof numberOrShare === "number") return numberOrShare;
  return Math.floor((Number.parseFloat(numberOrShare) * total) / 100);
}
