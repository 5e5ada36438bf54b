import { sameVersion } from "../../agent/versions.ts";
import { isDenied, wantedVersions } from "../updates/wanted-version.ts";
import { packagesOf } from "./loaded-packages.ts";
import type { Transaction } from "./transaction.ts";
import { effectiveOf, labelsOfPolicy, policyRow, storedGiven } from "./update-policy-rows.ts";

/** What a policy is called where something cannot be deleted because of it. */
const IN_WORDS = "the update policy";

/** Whether the update policy of a label's organization names it. */
export function policyUsesOfLabel(tx: Transaction, organization: string, labelId: string): readonly string[] {
  return labelsOfPolicy(policyRow(tx, organization)).includes(labelId) ? [IN_WORDS] : [];
}

/**
 * Whether an update policy wants the version of a bundle and no other loaded bundle has it: one that names the version,
 * or one that is enabled and means it by `latest` or `n-1`.
 */
export function policyUsesOfBundle(
  tx: Transaction,
  { id, organization }: { readonly id: string; readonly organization: string },
): readonly string[] {
  const row = policyRow(tx, organization);
  if (row.present === 0) return [];
  const policy = effectiveOf(storedGiven(row));
  const byName = policy.version !== "latest" && policy.version !== "n-1";
  if (!policy.enabled && !byName) return [];
  const packages = packagesOf(tx, organization, "loaded");
  const isUsed = wantedVersions(policy, packages).some(({ flavour, version }) => {
    const having = packages.filter(
      (one) => one.flavour === flavour && sameVersion(one.version, version) && !isDenied(one.version, policy),
    );
    return having.length > 0 && having.every(({ bundleId }) => bundleId === id);
  });
  return isUsed ? [`${IN_WORDS}, which wants ${policy.version}`] : [];
}
