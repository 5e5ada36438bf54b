import { configurationsNaming, LOST_CONFIGURATION, requireUnused } from "./configuration-uses.ts";
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

/**
 * What uses a bundle, in words for people; whatever else comes to name bundles adds itself here, so that none of them
 * disappears beneath it.
 *
 * @example usesOfBundle(tx, row) // ['configuration "berlin"']
 */
export function usesOfBundle(tx: Transaction, bundle: UsedBundle): readonly string[] {
  return [...configurationsNaming(tx, bundle), ...policyUsesOfBundle(tx, bundle)];
}

/**
 * Requires that nothing uses a bundle.
 * @param how what is to be done with it
 * @throws ApplianceError `conflict`
 */
export function requireUnusedBundle(tx: Transaction, bundle: UsedBundle, how: "deleted" | "unloaded"): void {
  const uses = usesOfBundle(tx, bundle);
  const lost = configurationsNaming(tx, bundle).length > 0 ? LOST_CONFIGURATION : "";
  requireUnused({
    what: `the bundle "${bundle.name}"`,
    how,
    uses,
    hint: `let ${uses.length === 1 ? "it" : "them"} use another bundle first${lost}`,
    path: how === "unloaded" ? ["loaded"] : undefined,
  });
}
