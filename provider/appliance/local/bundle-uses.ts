import { ApplianceError } from "../errors.ts";
import { scheduledUses } from "./scheduled-uses.ts";
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
 * disappears beneath it. Of configurations only those with a schedule are kept with what they install.
 *
 * @example usesOfBundle(tx, row) // ['configuration "berlin"']
 */
export function usesOfBundle(tx: Transaction, bundle: UsedBundle): readonly string[] {
  const { id, organization } = bundle;
  const configurations = scheduledUses(tx, organization, (agent) => agent.bundle === id);
  return [...configurations, ...policyUsesOfBundle(tx, bundle)];
}

/**
 * Requires that nothing uses a bundle.
 * @param what is to be done with it: "deleted"
 * @throws ApplianceError `conflict`
 */
export function requireUnused(tx: Transaction, bundle: UsedBundle, what: string): void {
  const uses = usesOfBundle(tx, bundle);
  if (uses.length === 0) return;
  const message = `the bundle "${bundle.name}" cannot be ${what}: it is used by ${uses.join(", ")}`;
  throw new ApplianceError({
    code: "conflict",
    message,
    hint: "let them use another bundle first, or delete them",
    problems: what === "unloaded" ? [{ path: ["loaded"], message }] : undefined,
  });
}
