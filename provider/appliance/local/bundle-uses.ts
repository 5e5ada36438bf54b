import { configurationsNaming, requireUnused } from "./configuration-uses.ts";
import type { Transaction } from "./transaction.ts";
import { policyUsesOfBundle } from "./update-policy-uses.ts";

/** What of a bundle says who uses it. */
interface UsedBundle {
  readonly id: string;
  readonly organization: string;
  readonly name: string;
  readonly version: string;
  readonly flavour: string;
}

/** Who uses a bundle; whatever else comes to name bundles adds itself here, so that none of them disappears beneath it. */
function usersOf(tx: Transaction, bundle: UsedBundle) {
  return { configurations: configurationsNaming(tx, bundle), others: policyUsesOfBundle(tx, bundle) };
}

/**
 * What uses a bundle, in words for people.
 *
 * @example usesOfBundle(tx, row) // ['configuration "berlin"']
 */
export function usesOfBundle(tx: Transaction, bundle: UsedBundle): readonly string[] {
  const { configurations, others } = usersOf(tx, bundle);
  return [...configurations, ...others];
}

/**
 * Requires that nothing uses a bundle.
 * @param how what is to be done with it
 * @throws ApplianceError `conflict`
 */
export function requireUnusedBundle(tx: Transaction, bundle: UsedBundle, how: "deleted" | "unloaded"): void {
  requireUnused({
    what: `the bundle "${bundle.name}"`,
    how,
    ...usersOf(tx, bundle),
    instead: "use another bundle first",
    path: how === "unloaded" ? ["loaded"] : undefined,
  });
}
