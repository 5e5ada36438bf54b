import { ProviderError } from "../kit/define/errors.ts";
import type { Path } from "../kit/define/path.ts";
import type { ApplianceAccess } from "./access.ts";
import type { Appliance } from "./appliance.ts";
import { DEFAULT_ORGANIZATION } from "./operations/fields.ts";

/** The property by which programs name an organization. */
const AT: Path = ["organization"];

/**
 * The same appliance, where everything is done in one organization unless an operation names another. What fails
 * because there is no such organization, or because the API token is not for it, says so at the property
 * `organization`.
 *
 * @example accessIn(client, "berlin").read((appliance) => appliance.listTokens({})) // those of "berlin"
 */
export function accessIn(access: ApplianceAccess, organization: string): ApplianceAccess {
  const told = async <T>(working: Promise<T>): Promise<T> => {
    try {
      return await working;
    } catch (error) {
      const isGone = error instanceof ProviderError && error.code === "not-found" && error.path === undefined;
      if (isGone && !(await isThere(access, organization))) throw await noOrganization(access, organization, error);
      throw error;
    }
  };
  const within = async (appliance: Appliance) => {
    // With the table of all operations, which nobody needs before an appliance is open.
    const { inOrganization } = await import("./organization.ts");
    return inOrganization(appliance, organization);
  };
  return {
    ...access,
    read: (work) => told(access.read(async (appliance) => work(await within(appliance)))),
    write: (work) => told(access.write(async (appliance) => work(await within(appliance)))),
  };
}

/** Whether an organization is there, for those who ask. */
export async function isThere(access: ApplianceAccess, organization: string): Promise<boolean> {
  const { only } = await access.reach();
  if (only !== undefined || organization === DEFAULT_ORGANIZATION) return organization === (only ?? organization);
  const { organizations } = await access.read((appliance) => appliance.listOrganizations({}));
  return organizations.some(({ name }) => name === organization);
}

/** True for what {@link accessIn} throws where the organization is not there. */
export function isAboutOrganization(error: unknown): boolean {
  return error instanceof ProviderError && error.code === "not-found" && error.path?.join() === AT.join();
}

/** Why a name cannot be right, whatever there is on the appliance; undefined where it may be. */
export async function refusedOrganization(access: ApplianceAccess, organization: string): Promise<string | undefined> {
  const { only } = await access.reach();
  return only === undefined || only === organization ? undefined : foreign(organization, only);
}

/**
 * Refuses to look for something where an API token does not reach: what is out of its sight is not gone, and whoever
 * takes it for gone leaves it behind.
 * @throws ProviderError `permission-denied`
 */
export async function requireReach(access: ApplianceAccess, organization: string): Promise<void> {
  const reason = await outOfReach(access, organization);
  if (reason !== undefined) throw new ProviderError({ code: "permission-denied", path: AT, ...reason });
}

/** Why what is in an organization cannot be seen, and what to do about it; undefined where it can. */
export async function outOfReach(
  access: ApplianceAccess,
  organization: string,
): Promise<{ readonly message: string; readonly hint: string } | undefined> {
  const { only } = await access.reach();
  if (only === undefined || only === organization) return undefined;
  return {
    message: `it is in the organization "${organization}", which this API token does not reach: that is for "${only}"`,
    hint: `use an API token for "${organization}", or one for all organizations`,
  };
}

function foreign(organization: string, only: string): string {
  return `there is no organization "${organization}" for this API token, which is for "${only}": leave \`organization\` out, or use an API token for that one`;
}

async function noOrganization(access: ApplianceAccess, organization: string, cause: unknown): Promise<ProviderError> {
  const refused = await refusedOrganization(access, organization);
  return new ProviderError({
    code: "not-found",
    path: AT,
    message: refused ?? `there is no organization "${organization}"`,
    hint:
      refused === undefined
        ? "make it by an `Organization` and give the `name` of that, so that it is made before; `kace orgs list` shows those there are"
        : undefined,
    cause,
  });
}
