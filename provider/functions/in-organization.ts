import type { ApplianceAccess } from "../appliance/access.ts";
import { accessIn } from "../appliance/access-in-organization.ts";
import { writtenOrganization } from "../appliance/operations/fields.ts";

/** The argument `organization` of every function that looks among the things of one. */
export function organizationArgument() {
  return writtenOrganization.optional().meta({
    description:
      "The organization to look in, by name. Default: the provider's own. In a program that makes the organization, give the `id` of that, which is its name too: that is not known before there is an organization to look in.",
    examples: ["berlin"],
  });
}

/**
 * The appliance as a function with {@link organizationArgument} looks at it.
 *
 * @example lookingIn(client, inputs).read((appliance) => appliance.listTasks({ view: "ready" }))
 */
export function lookingIn(
  client: ApplianceAccess,
  { organization }: { readonly organization?: string | undefined },
): ApplianceAccess {
  return organization === undefined ? client : accessIn(client, organization);
}
