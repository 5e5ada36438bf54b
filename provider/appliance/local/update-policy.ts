import { type Claim, isAnothers } from "../claim.ts";
import { ApplianceError } from "../errors.ts";
import type { UpdatePolicyState, updatePolicyOperations } from "../operations/update-policy.ts";
import { refusedAt } from "../wrong-input.ts";
import type { HandlersOf } from "./handlers.ts";
import { newestLoaded } from "./loaded-packages.ts";
import { changesBetween, momentOrNone, recordChanges, type Transaction } from "./transaction.ts";
import { callBackAll, failuresSince } from "./update-attempts.ts";
import { rolloutNow } from "./update-evaluation.ts";
import { draftFindings, planUpdates } from "./update-plan.ts";
import {
  changedGiven,
  effectiveOf,
  type GivenPolicy,
  givenWithIds,
  givenWithNames,
  type PolicyRow,
  policyRow,
  storedGiven,
  writePolicy,
} from "./update-policy-rows.ts";
import { getUpdateRevision, stepUpdates } from "./update-steps.ts";

function describe(tx: Transaction, row: PolicyRow): UpdatePolicyState {
  const { organization, generation } = row;
  const given = givenWithNames(tx, organization, storedGiven(row));
  const heldAt = momentOrNone(row.held_at);
  return {
    organization,
    exists: row.present === 1,
    urn: row.urn ?? undefined,
    revision: row.revision,
    given,
    effective: effectiveOf(given),
    generation,
    beganAt: momentOrNone(row.began_at),
    held: heldAt === undefined ? undefined : { at: heldAt, reason: row.held_reason ?? "" },
    failures: failuresSince(tx, { organization, generation, sinceMs: row.counting_since }),
    distributionTimestamp: momentOrNone(newestLoaded(tx, organization)),
  };
}

/** What the history shows of a policy: what holds, and whose it is. */
function shown(given: GivenPolicy, { urn, held_reason }: Pick<PolicyRow, "urn" | "held_reason">) {
  const { machines, ...rest } = effectiveOf(given);
  const listed = machines.join(", ");
  return {
    ...rest,
    machines: listed.length > 1_000 ? `${listed.slice(0, 1_000)}…` : listed,
    heldBecause: held_reason,
    managedBy: urn,
  };
}

function record(tx: Transaction, before: PolicyRow, after: PolicyRow): void {
  const { organization } = after;
  const of = (row: PolicyRow) => shown(givenWithNames(tx, organization, storedGiven(row)), row);
  const subject = { subject: `update-policy:${organization}`, subjectName: organization };
  recordChanges(tx, subject, changesBetween(of(before), of(after)));
}

function requireClaim(row: PolicyRow, claim: Claim): void {
  if (!isAnothers(row.urn, claim)) return;
  throw new ApplianceError({
    code: "conflict",
    message: `the update policy of organization "${row.organization}" belongs to ${row.urn} already`,
    hint: "an organization has one `AgentUpdatePolicy`: change that one, or delete it first; if its stack is lost, `kace policy reset`",
  });
}

function save(tx: Transaction, before: PolicyRow, after: PolicyRow): PolicyRow {
  const policy = effectiveOf(storedGiven(after));
  const { generation, began_at, meaning } = rolloutNow(tx, before, policy);
  const isAnew = generation !== before.generation;
  // What failed in the rollout before says nothing about another one.
  const rollout = { generation, began_at, meaning, ...(isAnew && { held_at: null, held_reason: null }) };
  const next = { ...after, ...rollout };
  const isSame = JSON.stringify(next) === JSON.stringify(before);
  const saved = isSame ? before : { ...next, revision: before.revision + 1, updated_at: tx.now };
  if (!isSame) writePolicy(tx, saved);
  record(tx, before, saved);
  if (!policy.enabled || policy.hold) callBackAll(tx, saved.organization);
  return saved;
}

export const updatePolicyHandlers: HandlersOf<typeof updatePolicyOperations> = {
  getUpdatePolicy: (tx, { organization }) => describe(tx, policyRow(tx, organization)),

  saveUpdatePolicy(tx, { organization, urn, formerUrn, ...changes }) {
    const before = policyRow(tx, organization);
    requireClaim(before, { urn, formerUrn });
    const named = changedGiven(givenWithNames(tx, organization, storedGiven(before)), changes);
    const given = givenWithIds(tx, organization, named);
    const wrong = draftFindings(tx, before, effectiveOf(named)).find(({ severity }) => severity === "failure");
    if (wrong !== undefined) throw refusedAt(wrong.path, wrong.message);
    const after = { ...before, present: 1, urn: urn ?? before.urn, given: JSON.stringify(given) };
    return describe(tx, save(tx, before, after));
  },

  resetUpdatePolicy(tx, { organization, urn, formerUrn }) {
    const before = policyRow(tx, organization);
    if (before.present === 0 || isAnothers(before.urn, { urn, formerUrn })) return { reset: false };
    save(tx, before, { ...before, present: 0, urn: null, given: "{}", held_at: null, held_reason: null });
    return { reset: true };
  },

  resumeUpdates(tx, { organization }) {
    const before = policyRow(tx, organization);
    const { hold: _released, ...given } = storedGiven(before);
    const after = {
      ...before,
      given: JSON.stringify(given),
      held_at: null,
      held_reason: null,
      // What failed until now has been looked at.
      counting_since: before.held_at === null ? before.counting_since : tx.now,
    };
    return describe(tx, save(tx, before, after));
  },

  planUpdates,
  getUpdateRevision,
  stepUpdates,
};
