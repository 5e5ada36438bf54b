import { sameVersion } from "../../agent/versions.ts";
import type { UpdatePolicy } from "../operations/update-policy.ts";
import { chooserOf, isDenied, wantedVersions } from "../updates/wanted-version.ts";
import { type BundledPackage, packagesOf } from "./loaded-packages.ts";
import type { Transaction } from "./transaction.ts";
import { evaluate } from "./update-evaluation.ts";
import { effectiveOf, labelsOfPolicy, type PolicyRow, policyRow, storedGiven } from "./update-policy-rows.ts";

/** What a policy is called where something cannot be deleted because of it. */
const IN_WORDS = "the update policy";

/** Whether the update policy of a label's organization names it. */
export function policyUsesOfLabel(tx: Transaction, organization: string, labelId: string): readonly string[] {
  return labelsOfPolicy(policyRow(tx, organization)).includes(labelId) ? [IN_WORDS] : [];
}

/**
 * Whether an update policy wants the version of a bundle and no other loaded bundle has it: one that names the version,
 * or one that is enabled and means it by `latest` or `n-1`. Also whether an enabled one leads machines over a version
 * that only this bundle has.
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
  const isWanted = wantedVersions(policy, packages).some(({ flavour, version }) => {
    const having = packages.filter(
      (one) => one.flavour === flavour && sameVersion(one.version, version) && !isDenied(one.version, policy),
    );
    return having.length > 0 && having.every(({ bundleId }) => bundleId === id);
  });
  if (isWanted) return [`${IN_WORDS}, which wants ${policy.version}`];
  const led = policy.enabled ? machinesLedOver(tx, row, policy, packages, id) : [];
  return led.length === 0 ? [] : [`${IN_WORDS}, which leads ${some(led)} over it to ${policy.version}`];
}

/** The machines of a policy that no rule of the vendor lets update any more once a bundle is not loaded. */
function machinesLedOver(
  tx: Transaction,
  row: PolicyRow,
  policy: UpdatePolicy,
  packages: readonly BundledPackage[],
  bundleId: string,
): readonly string[] {
  const rest = packages.filter((one) => one.bundleId !== bundleId);
  if (rest.length === packages.length) return [];
  const [choose, chooseFromRest] = [chooserOf(policy, packages), chooserOf(policy, rest)];
  return evaluate(tx, row, policy, row).judged.flatMap(({ machine }) => {
    if (choose(machine).kind !== "update") return [];
    const other = chooseFromRest(machine);
    return other.kind === "refused" && other.code === "version-gate" ? [machine.hostname] : [];
  });
}

/** @example some(["web2", "web1"]) // "web1 and 1 more machine" */
function some(hostnames: readonly string[]): string {
  const [first = "", ...more] = [...hostnames].sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
  if (more.length === 0) return first;
  return `${first} and ${more.length} more ${more.length === 1 ? "machine" : "machines"}`;
}
