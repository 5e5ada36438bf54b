import * as z from "zod";
import packageJson from "../../package.json" with { type: "json" };
import { type ApplianceError, type ApplianceErrorCode, applianceErrorData } from "./errors.ts";

/** The version of the API: it changes only when an older client could not understand a server, or the other way round. */
export const API_VERSION = 1;

/** The version of the product, for people. */
export const PRODUCT_VERSION: string = packageJson.version;

export const API_VERSION_HEADER = "kace-api-version";
export const PRODUCT_VERSION_HEADER = "kace-version";

export const API_PATH = "/api/v1";
export const OPENAPI_PATH = `${API_PATH}/openapi.json`;
/** A page for people that says the same as the OpenAPI document. */
export const REFERENCE_PATH = `${API_PATH}/`;
export const METRICS_PATH = "/metrics";
export const AGENT_PATH = "/agent/v1";

/** Where an operation is called by POST. @example operationPath("getToken") // "/api/v1/getToken" */
export function operationPath(name: string): string {
  return `${API_PATH}/${name}`;
}

/** Where the content of a package is put and got. */
export function packagePath(sha256: string): string {
  return `${API_PATH}/packages/${sha256}`;
}

/** How many bytes a package has; a body of none says that the server is known to have it. */
export const PACKAGE_SIZE_HEADER = "kace-package-bytes";

/** How an error looks in the body of an answer. */
export const errorBody = z.object({ error: applianceErrorData });

/** The status of an answer that is an error. The body says it exactly. */
export const ERROR_STATUS = {
  "not-found": 404,
  conflict: 409,
  invalid: 400,
  locked: 503,
  "read-only": 403,
  "newer-version": 500,
  corrupt: 500,
  "disk-full": 507,
  unavailable: 503,
  unauthenticated: 401,
  "permission-denied": 403,
  "too-many-requests": 429,
  unsupported: 501,
  "not-now": 409,
} as const satisfies Record<ApplianceErrorCode, number>;

export function encodeError(error: ApplianceError): z.output<typeof errorBody> {
  return { error: error.toJSON() };
}
