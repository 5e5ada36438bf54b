import { sameVersion } from "../../agent/versions.ts";
import type { PackageFile } from "../operations/bundles.ts";
import type { UpdatePolicy } from "../operations/update-policy.ts";
import { chooserOf, type LoadedPackage, wantedVersions } from "../updates/wanted-version.ts";
import { installable, packagesOf } from "./loaded-packages.ts";
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
 *
 * @param replacing the packages that the bundle gets in place of its own, where it is not taken away: `latest` and `n-1`
 *   may mean one of these then
 */
export function policyUsesOfBundle(
  tx: Transaction,
  bundle: { readonly id: string; readonly organization: string; readonly flavour: string },
  replacing?: readonly PackageFile[],
): readonly string[] {
  const row = policyRow(tx, bundle.organization);
  if (row.present === 0) return [];
  const policy = effectiveOf(storedGiven(row));
  const byName = policy.version !== "latest" && policy.version !== "n-1";
  if (!policy.enabled && !byName) return [];
  const packages = packagesOf(tx, bundle.organization, "loaded");
  const others = packages.filter(({ bundleId }) => bundleId !== bundle.id);
  if (others.length === packages.length) return [];
  const rest = [...others, ...(replacing ?? []).flatMap((file) => installable(bundle, file))];
  const meant = replacing === undefined || byName ? undefined : wantedVersions(policy, rest);
  const isLost = wantedVersions(policy, packages).some(({ flavour, version }) =>
    meant === undefined
      ? !rest.some((one) => one.flavour === flavour && sameVersion(one.version, version))
      : !meant.some((one) => one.flavour === flavour),
  );
  if (isLost) return [`${IN_WORDS}, which wants ${policy.version}`];
  const led = policy.enabled ? machinesLedOver(tx, row, policy, { packages, rest }) : [];
  return led.length === 0 ? [] : [`${IN_WORDS}, which leads ${some(led)} over it to ${policy.version}`];
}

/** The machines of a policy that no rule of the vendor lets update any more once only the rest of the packages is loaded. */
function machinesLedOver(
  tx: Transaction,
  row: PolicyRow,
  policy: UpdatePolicy,
  { packages, rest }: { readonly packages: readonly LoadedPackage[]; readonly rest: readonly LoadedPackage[] },
): readonly string[] {
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
