import { isIP } from "node:net";
import type { Results } from "../../rollout/results.ts";
import { LARGE } from "../../rollout/targets/size.ts";
import { addressTarget, namedTarget, type Target } from "../../rollout/targets/target.ts";
import type { TargetSet } from "../../rollout/targets/target-set.ts";

/**
 * Machines that the configuration looked after and that are no targets any more: those that are recorded, and of a
 * fleet too large to be recorded whole, what the program took away. Machines whose removal failed before are among
 * them, since they are still recorded.
 *
 * @param all true if every machine of the old targets is recorded
 */
export function droppedTargets(old: TargetSet | undefined, now: TargetSet, recorded: Results, all: boolean): Target[] {
  const dropped = new Map<string, Target>();
  for (const key of Object.keys(recorded)) if (!now.has(key)) dropped.set(key, targetOf(key));
  if (!all && old !== undefined) {
    const gone = old.minus(now);
    for (const target of gone.count <= LARGE ? gone.walk() : gone.named()) dropped.set(target.key, target);
  }
  return [...dropped.values()];
}

/** The target that a recorded machine is reached by. @example targetOf("[fd00::1]").address // "fd00::1" */
export function targetOf(key: string): Target {
  const bare = key.replace(/^\[(.*)\]$/, "$1");
  return isIP(bare) === 0 ? namedTarget(key) : addressTarget(bare, "address");
}

/** How recorded machines stand, for {@link reallyGone}. */
export function standingOf(
  results: Results,
): { machine: string; address?: string | undefined; kuid?: string | undefined }[] {
  return Object.entries(results).map(([machine, { address, identity }]) => ({ machine, address, kuid: identity }));
}

/**
 * Those of them that are really gone: a machine that lost one of its names and is still a target by another stays.
 *
 * @param stays how the machines that are still targets stand
 */
export function reallyGone(
  dropped: readonly Target[],
  recorded: Results,
  stays: Iterable<{
    readonly machine: string;
    readonly address?: string | undefined;
    readonly kuid?: string | undefined;
  }>,
): Target[] {
  const taken = new Set<string>();
  for (const { machine, address, kuid } of stays) {
    taken.add(machine);
    if (address !== undefined) taken.add(address);
    if (kuid !== undefined) taken.add(kuid);
  }
  return dropped.filter(({ key }) => {
    const { address, identity } = recorded[key] ?? {};
    return ![key, address, identity].some((known) => known !== undefined && taken.has(known));
  });
}
