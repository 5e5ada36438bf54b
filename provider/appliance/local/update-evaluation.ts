import type { UpdatePolicy } from "../operations/update-policy.ts";
import { brokenLimits } from "../updates/broken.ts";
import { type EvaluatedPolicy, evaluatePolicy, type JudgedMachine } from "../updates/evaluate.ts";
import { meaningOf } from "../updates/wanted-version.ts";
import { packagesOf } from "./loaded-packages.ts";
import { settingsOf } from "./settings.ts";
import { moment, type Transaction } from "./transaction.ts";
import { fleetOf, type PolicyFleet, type PolicyMachine } from "./update-machines.ts";
import { effectiveOf, type PolicyRow, storedGiven } from "./update-policy-rows.ts";

/** A policy, and what it does now about every machine that it is for. */
export interface Evaluation {
  readonly fleet: PolicyFleet;
  readonly judged: readonly JudgedMachine<PolicyMachine>[];
}

/** What of a row says which rollout it is. */
export type Rollout = Pick<PolicyRow, "generation" | "began_at" | "meaning">;

/** What makes another rollout of a policy when it changes: not when updates may begin, but which, of whom, and how fast. */
function rolloutOf({ enabled, updateBrokenAgents, version, deniedVersions, rollout, ...limits }: UpdatePolicy): string {
  const { allMachines, labels, machines, filter } = limits;
  const denied = [...deniedVersions].sort();
  const meant = [allMachines, [...labels].sort(), [...machines].sort(), filter ?? null];
  return JSON.stringify([enabled, updateBrokenAgents, version, denied, rollout, meant]);
}

/**
 * The rollout of a policy as it is now: another one has begun where other packages are the ones that it wants, or where
 * it differs in more than its hours from what is stored.
 * @param policy with the ids of labels
 */
export function rolloutNow(tx: Transaction, row: PolicyRow, policy: UpdatePolicy): Rollout {
  if (!policy.enabled) return row;
  const meaning = meaningOf(policy, packagesOf(tx, row.organization, "loaded"));
  const isSame = rolloutOf(effectiveOf(storedGiven(row))) === rolloutOf(policy) && row.meaning === meaning;
  return isSame ? row : { generation: row.generation + 1, began_at: tx.now, meaning };
}

/** @param policy with the ids of labels */
export function evaluate(tx: Transaction, row: PolicyRow, policy: UpdatePolicy, rollout: Rollout): Evaluation {
  const { organization } = row;
  const fleet = fleetOf(tx, organization, { policy, generation: rollout.generation });
  const isAnew = rollout.generation !== row.generation;
  const evaluated: EvaluatedPolicy = {
    ...policy,
    timezone: policy.timezone ?? tx.world.timezone,
    onHold: isAnew && !policy.hold ? undefined : whyOnHold(row, policy),
    generation: `${organization}/${rollout.generation}`,
    beganAtMs: rollout.began_at ?? tx.now,
  };
  const judged = evaluatePolicy(evaluated, fleet.machines, {
    packages: packagesOf(tx, organization, "loaded"),
    ...brokenLimits(settingsOf(tx, organization)),
    nowMs: tx.now,
  });
  return { fleet, judged };
}

/** Why a policy begins nothing; undefined where it is not on hold. */
export function whyOnHold(row: PolicyRow, policy: UpdatePolicy): string | undefined {
  if (policy.hold) return "the policy is on hold";
  if (row.held_at === null) return undefined;
  return `the policy is on hold since ${moment(row.held_at)}: ${row.held_reason}`;
}
