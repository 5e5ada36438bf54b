import { ProviderError } from "../kit/define/errors.ts";

/** What an organization has one of, and whose it is. */
export interface OneOfOrganization {
  readonly organization: string;
  /** The resource that it belongs to. */
  readonly urn?: string | undefined;
}

/**
 * Refuses in a preview what an update is going to refuse: to take from a resource what an organization has one of. What a
 * program does not have any more is deleted after the rest was made, so that it is still in the way of another one.
 *
 * @param found what the appliance has; undefined where there is no such organization yet
 * @param words what it is called, as the subject of a sentence: `the update policy`, and `belongs`
 * @throws ProviderError `conflict` with the URN that it belongs to
 * @example refuseAnothers(await appliance.getUpdatePolicy({}), urn, { what: "the update policy", belong: "belongs" })
 */
export function refuseAnothers(
  found: OneOfOrganization | undefined,
  urn: string,
  { what, belong, repair }: { readonly what: string; readonly belong: string; readonly repair: string },
): void {
  if (found?.urn === undefined || found.urn === urn) return;
  throw new ProviderError({
    code: "conflict",
    message: `${what} of organization "${found.organization}" ${belong} to ${found.urn} already`,
    hint: `change that one, or delete it by an update of its own first; if its stack is lost, \`${repair}\``,
  });
}
