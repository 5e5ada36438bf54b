import { type BrokenLimits, isBroken, type ReportingFacts } from "./broken.ts";
import { closedAt, hoursOf, type UpdateHoursGiven } from "./hours.ts";
import { inRolloutOrder, nextStepAt, percentAt, type RolloutStep, shareOf } from "./rollout-steps.ts";
import {
  chooserOf,
  type LoadedPackage,
  type UpdatableAgent,
  type VersionChoice,
  type VersionWish,
} from "./wanted-version.ts";

/** What a policy says, as far as it decides about machines that were picked already. */
export interface EvaluatedPolicy extends VersionWish, UpdateHoursGiven {
  readonly enabled: boolean;
  readonly updateBrokenAgents: boolean;
  /** IANA name of the time zone that its windows and blackouts are in. */
  readonly timezone: string;
  readonly rollout: readonly RolloutStep[];
  /** Why nothing is begun although the policy is enabled; undefined where it is not on hold. */
  readonly onHold: string | undefined;
  /** What tells this rollout from others. */
  readonly generation: string;
  /** When this rollout began, milliseconds since 1970. */
  readonly beganAtMs: number;
}

/** What a policy began on a machine last, in the present rollout. */
export type Attempt =
  | { readonly state: "under-way"; readonly version: string }
  | { readonly state: "failed"; readonly version: string; readonly reason: string };

/** A machine as a policy sees it. */
export interface EvaluatedMachine extends UpdatableAgent, ReportingFacts {
  readonly kuid: string;
  /** True where the policy is for it: by a label, by name, by the filter, or because it is for all. */
  readonly isMeant: boolean;
  /** False of an agent that does not know how to update itself. */
  readonly canUpdate: boolean;
  readonly attempt: Attempt | undefined;
}

/** Why a machine is not updated now, though it will be. */
export type WaitingCode = "not-connected" | "disabled" | "on-hold" | "rollout" | "outside-window" | "blackout";

/** Why a machine will not be updated until something changes. */
export type RefusedCode =
  | Extract<VersionChoice, { kind: "refused" }>["code"]
  | "cannot-update-itself"
  | "failed-before";

/** What a policy does about one machine. */
export type Verdict =
  | { readonly kind: "update"; readonly version: string; readonly package: LoadedPackage }
  | { readonly kind: "updating"; readonly version: string }
  | {
      readonly kind: "waiting";
      readonly code: WaitingCode;
      readonly version: string;
      readonly reason: string;
      /** When it may be, milliseconds since 1970; undefined where nobody knows. */
      readonly untilMs: number | undefined;
    }
  | { readonly kind: "right"; readonly version: string }
  | {
      readonly kind: "refused";
      readonly code: RefusedCode;
      readonly version: string | undefined;
      readonly reason: string;
    };

/** A verdict and whose it is. */
export interface JudgedMachine<Machine> {
  readonly machine: Machine;
  readonly verdict: Verdict;
  /** Connected, but without inventory for too long. */
  readonly broken: boolean;
}

/** What a policy is evaluated in. */
export interface EvaluationWorld extends BrokenLimits {
  readonly packages: readonly LoadedPackage[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/**
 * What a policy does about every machine that it is for, in the order in which its rollout comes to them: those whose
 * agents are broken first, where it updates these. They are updated whatever the policy's labels, machines and shares of
 * the fleet say (administrator guide, "Update Broken Agents"), but not outside of its windows.
 *
 * @example evaluatePolicy(policy, machines, world).filter(({ verdict }) => verdict.kind === "update")
 */
export function evaluatePolicy<Machine extends EvaluatedMachine>(
  policy: EvaluatedPolicy,
  machines: readonly Machine[],
  world: EvaluationWorld,
): JudgedMachine<Machine>[] {
  const broken = new Set(policy.updateBrokenAgents ? machines.filter((machine) => isBroken(machine, world)) : []);
  const meant = inRolloutOrder(
    machines.filter(({ isMeant }) => isMeant),
    policy.generation,
  );
  const percent = percentAt(policy.rollout, policy.beganAtMs, world.nowMs);
  const now = [...broken, ...meant.slice(0, shareOf(percent, meant.length))];
  const mayNow = new Set(now.map(({ kuid }) => kuid));
  const judge = judgeOf(policy, world, { percent, isItsTurn: ({ kuid }) => mayNow.has(kuid) });
  return [...broken, ...meant.filter((machine) => !broken.has(machine))].map((machine) => ({
    machine,
    verdict: judge(machine),
    broken: broken.has(machine),
  }));
}

function judgeOf(
  policy: EvaluatedPolicy,
  { packages, nowMs }: EvaluationWorld,
  { percent, isItsTurn }: { readonly percent: number; readonly isItsTurn: (machine: EvaluatedMachine) => boolean },
): (machine: EvaluatedMachine) => Verdict {
  const choose = chooserOf(policy, packages);
  const closed = closedAt(hoursOf(policy), nowMs, policy.timezone);
  const stepAtMs = nextStepAt(policy.rollout, policy.beganAtMs, nowMs);
  return (machine) => {
    const choice = choose(machine);
    const { attempt } = machine;
    if (attempt?.state === "under-way") return { kind: "updating", version: attempt.version };
    if (choice.kind === "right") return choice;
    if (choice.kind === "refused") return { ...choice, version: choice.version };
    const { version, package: next } = choice;
    if (attempt?.state === "failed" && attempt.version === next.version)
      return {
        kind: "refused",
        code: "failed-before",
        version,
        reason: `${next.version} failed on it already (${attempt.reason}): it is tried again when the policy or the bundle changes`,
      };
    const waiting = (code: WaitingCode, reason: string, untilMs?: number): Verdict => ({
      kind: "waiting",
      code,
      version,
      reason,
      untilMs,
    });
    if (!machine.connected)
      return waiting("not-connected", "its agent is not connected, and updates go through its connection");
    if (!machine.canUpdate)
      return {
        kind: "refused",
        code: "cannot-update-itself",
        version,
        reason: `agent ${machine.agentVersion} does not know how to update itself: update it by a provisioning configuration`,
      };
    if (!policy.enabled) return waiting("disabled", "the policy is not enabled");
    if (policy.onHold !== undefined) return waiting("on-hold", policy.onHold);
    if (!isItsTurn(machine))
      return waiting("rollout", `its turn has not come: the rollout is at ${percent} percent`, stepAtMs);
    if (closed !== undefined) return waiting(closed.code, closed.reason, closed.untilMs);
    return { kind: "update", version, package: next };
  };
}
