import { ApplianceError } from "../errors.ts";
import type { ApiToken } from "../operations/api-tokens.ts";
import { isAtLeast, type Operation, type Role, roleOf } from "../operations/operation.ts";

/** What of an operation decides who may do it. */
export type Guarded = Pick<Operation, "name" | "access" | "role" | "reach" | "secretOutput">;

/** Who asks: what is known of an API token that was accepted. */
export type Bearer = Pick<ApiToken, "id" | "name" | "role" | "organization">;

/** The content of packages, which is no operation of the table. */
export const PACKAGE_ACCESS = {
  get: { name: "openPackage", access: "read" },
  put: { name: "putPackage", access: "write" },
} as const satisfies Record<string, Guarded>;

/** The metrics, which name devices of all organizations by state. */
export const METRICS_ACCESS: Guarded = { name: "metrics", access: "read", reach: "appliance" };

const FOR: Readonly<Record<Role, string>> = {
  "read-only": "for reading only",
  operator: "for operators",
  admin: "for administrators",
};

/**
 * Whether an API token is for an operation at all. Which objects it sees is not decided here but by the store, which
 * does not show it those of other organizations.
 *
 * @throws ApplianceError `permission-denied`
 * @example authorize(operations.createOrganization, { id: "api-token-1", name: "ci-7", role: "operator" }) // throws
 */
export function authorize(operation: Guarded, bearer: Bearer): void {
  const needed = roleOf(operation);
  if (!isAtLeast(bearer.role, needed)) {
    throw new ApplianceError({
      code: "permission-denied",
      message: `the API token "${bearer.name}" is ${FOR[bearer.role]}: ${operation.name} needs the role ${needed}`,
      hint: `use a token that was made with \`kace api-tokens create <name> --role ${needed}\``,
    });
  }
  if (operation.reach === "appliance" && bearer.organization !== undefined) {
    throw new ApplianceError({
      code: "permission-denied",
      message: `the API token "${bearer.name}" is for the organization "${bearer.organization}": ${operation.name} concerns all of the appliance`,
      hint: "use a token that was made without `--organization`",
    });
  }
}
