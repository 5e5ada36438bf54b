import * as z from "zod";
import { type Claim, isAnothers } from "../appliance/claim.ts";
import { ProviderError } from "../kit/define/errors.ts";

/** The output by which a resource stays itself when it is renamed: the appliance knows it by its URN. */
export const managedBy = z.string().meta({
  description:
    "What the appliance calls the resource that this belongs to: its URN when it was set last. Another name of the resource or of its stack changes nothing about whose it is.",
});

/** A resource as the engine calls it, and as it recorded itself. */
export interface Asking {
  readonly urn: string;
  readonly old?: { readonly outputs: { readonly managedBy?: string } } | undefined;
}

/** Who asks for what an organization has one of, in the words of the appliance. */
export function claimOf({ urn, old }: Asking): Claim {
  const formerUrn = old?.outputs.managedBy;
  return formerUrn === undefined ? { urn } : { urn, formerUrn };
}

/** What an organization has one of, and whose it is. */
export interface OneOfOrganization {
  readonly organization: string;
  /** The resource that it belongs to. */
  readonly urn?: string | undefined;
}

/**
 * Refuses in a preview, or an import, what an update is going to refuse: to take from a resource what an organization
 * has one of. What a program does not have any more is deleted after the rest was made, so that it is still in the way of
 * another one.
 *
 * @param found what the appliance has; undefined where there is no such organization yet
 * @param words what it is called, as the subject of a sentence: `the update policy`, and `belongs`
 * @throws ProviderError `conflict` with the URN that it belongs to
 * @example refuseAnothers(await appliance.getUpdatePolicy({}), { urn, old }, { what: "the update policy", belong: "belongs" })
 */
export function refuseAnothers(
  found: OneOfOrganization | undefined,
  asking: Asking,
  { what, belong, repair }: { readonly what: string; readonly belong: string; readonly repair: string },
): void {
  if (found === undefined || !isAnothers(found.urn, claimOf(asking))) return;
  throw new ProviderError({
    code: "conflict",
    message: `${what} of organization "${found.organization}" ${belong} to ${found.urn} already`,
    hint: `change that one, or delete it by an update of its own first; if its stack is lost, \`${repair}\``,
  });
}
