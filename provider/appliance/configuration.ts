import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import type { Appliance } from "./appliance.ts";
import { ApplianceError } from "./errors.ts";
import { defaultFolder, type Surroundings } from "./local/folder.ts";

const DEFAULT_PORT = 443;
const CONNECT_TIMEOUT_MS = 10_000;

/** Which appliance is meant. */
export type Endpoint = { readonly kind: "local" } | { readonly kind: "remote"; readonly url: string };

/**
 * Reads the `endpoint` of the configuration: `local`, or the `https://host:port` of a `kace serve`.
 *
 * @throws ApplianceError `invalid`, `unsupported`
 * @example parseEndpoint("https://kbox.corp.example:8443") // { kind: "remote", url: "https://kbox.corp.example:8443" }
 */
export function parseEndpoint(text: string): Endpoint {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed === "local") return { kind: "local" };
  const hint = 'write "local", or "https://host:port" of a `kace serve`';
  if (trimmed.startsWith("sma+")) {
    throw new ApplianceError({
      code: "unsupported",
      message: "endpoint: a vendor's appliance cannot be driven directly yet",
      hint,
    });
  }
  const url = URL.canParse(trimmed) ? new URL(trimmed) : undefined;
  const refuse = (problem: string) => new ApplianceError({ code: "invalid", message: `endpoint: ${problem}`, hint });
  // The text itself is not repeated: it may hold a password.
  if (url === undefined || url.hostname === "") throw refuse("this is no endpoint");
  if (url.protocol === "http:") throw refuse("http is not encrypted, and tokens would be readable on the way");
  if (url.protocol !== "https:") throw refuse(`"${url.protocol}//" is no endpoint`);
  if (url.username !== "" || url.password !== "") throw refuse("credentials do not belong in it: set `apiToken`");
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "")
    throw refuse("expected nothing after host and port");
  return { kind: "remote", url: `https://${url.hostname}:${url.port === "" ? DEFAULT_PORT : url.port}` };
}

/**
 * The folder of the local appliance: the `database` of the configuration, or the user's data folder.
 *
 * @throws ApplianceError `invalid` where it is relative: a plugin runs in whatever folder its engine likes
 */
export function databaseFolder(database: string | undefined, surroundings: Surroundings): string {
  if (database === undefined || database === "") return defaultFolder(surroundings);
  if (database === "~" || database.startsWith("~/")) return join(surroundings.home, database.slice(1));
  if (isAbsolute(database)) return resolve(database);
  throw new ApplianceError({
    code: "invalid",
    message: `database: ${JSON.stringify(database)} is relative`,
    hint: "write the whole path of a folder, or one that begins with ~/",
  });
}

/** Which appliance a configuration means: its folder, or its address. @throws ApplianceError as {@link openAppliance} does */
export function placeOf({
  endpoint = "local",
  database,
}: Pick<ApplianceConfiguration, "endpoint" | "database">): string {
  const parsed = parseEndpoint(endpoint);
  return parsed.kind === "local" ? databaseFolder(database, surroundings()) : parsed.url;
}

function surroundings(): Surroundings {
  return { platform: process.platform, env: process.env, home: homedir() };
}

/** What the configuration says about the appliance, in its own words. */
export interface ApplianceConfiguration {
  /** `local` (the default) or `https://host:port`. */
  readonly endpoint?: string | undefined;
  /** A folder; only for `local`. Default: in the user's data folder. */
  readonly database?: string | undefined;
  /** Secret; only, and always, for `https`. */
  readonly apiToken?: string | undefined;
  /** PEM of the authority that the server's certificate comes from; default: those the system trusts. */
  readonly caCertificate?: string | undefined;
  /** What operations mean that leave the organization out. Default: `default`. */
  readonly organization?: string | undefined;
  readonly connectTimeoutMs?: number | undefined;
  /** For previews: nothing is written or made. Default false. */
  readonly readOnly?: boolean | undefined;
  /** Refuses the folder of a local appliance that has none. Default false: it reads as empty, or is made. */
  readonly mustExist?: boolean | undefined;
  /** Whom the history of a local appliance names. */
  readonly who?: string | undefined;
}

/**
 * Opens the appliance of a configuration. What only an open appliance needs, such as the table of all operations with
 * their schemas, is loaded here and not with this module: a plugin starts several times in every command.
 *
 * @throws ApplianceError `invalid`, `unsupported`, `unauthenticated`, `not-found` by `mustExist`, and what opening a store or a connection throws
 * @example const appliance = await openAppliance({ endpoint: "local" });
 */
export async function openAppliance(configuration: ApplianceConfiguration): Promise<Appliance> {
  const appliance = await open(configuration);
  const { organization } = configuration;
  if (organization === undefined) return appliance;
  const { inOrganization } = await import("./organization.ts");
  return inOrganization(appliance, organization);
}

async function open(configuration: ApplianceConfiguration): Promise<Appliance> {
  const { endpoint: text = "local", readOnly = false, mustExist = false, apiToken, caCertificate, who } = configuration;
  const endpoint = parseEndpoint(text);
  if (endpoint.kind === "local") {
    const folder = databaseFolder(configuration.database, surroundings());
    // Loaded only here: not every Node has SQLite, and the one that lacks it is told so in a sentence of its own.
    const { openLocal } = await import("./local/local.ts");
    return openLocal({ folder, readOnly, mustExist, ...(who === undefined ? {} : { who }) });
  }
  if (apiToken === undefined || apiToken === "") {
    throw new ApplianceError({
      code: "unauthenticated",
      message: `${endpoint.url} asks for an API token, and none is configured`,
      hint: "make one on the appliance, and set `apiToken` as a secret; for `kace`, KACE_API_TOKEN",
    });
  }
  const { openRemote } = await import("./remote/remote.ts");
  const remote = await openRemote({
    endpoint: endpoint.url,
    apiToken,
    caCertificate,
    connectTimeoutMs: configuration.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
  });
  if (!readOnly) return remote;
  const { readingOnly } = await import("./reading-only.ts");
  return readingOnly(remote);
}
