import type { AgentServer } from "../../agent/agent.ts";
import type { Appliance, Output } from "../../appliance/appliance.ts";
import type { BundlesToCome } from "../../appliance/bundles-to-come.ts";
import { ApplianceError } from "../../appliance/errors.ts";
import type { Bundle } from "../../appliance/operations/bundles.ts";
import { DEFAULT_ORGANIZATION } from "../../appliance/operations/fields.ts";
import type { ServerStatus } from "../../appliance/operations/server.ts";
import type { TokenStatus } from "../../appliance/operations/tokens.ts";
import { shellWord } from "../../appliance/shell-word.ts";
import { ProviderError } from "../../kit/define/errors.ts";
import { OUTCOME_CODES, type OutcomeCode } from "../../rollout/codes.ts";
import { foundOrGone } from "../found-or-gone.ts";
import type { Inputs } from "./inputs.ts";
import { lacksLogIn } from "./log-in.ts";
import { installs } from "./presence.ts";
import { versionWarnings } from "./version-warnings.ts";

/** What a rollout stands on, found out before the first machine is touched. */
export interface Ground {
  /** Where agents connect to; undefined only where agents are removed and no server was ever named. */
  readonly server: AgentServer | undefined;
  /** What to install from; undefined only where agents are removed. */
  readonly bundle: Bundle | undefined;
  /** False where this appliance's own server does not run, so that no agent can be connected. */
  readonly serverRuns: boolean;
  /** True if new agents bring a token, also one that this very update makes. */
  readonly canEnrol: boolean;
  /** Why no agent can enrol with the token, if none can: machines whose agent is enrolled need none. */
  readonly tokenFault?: { readonly code: OutcomeCode; readonly message: string } | undefined;
  /** What a user should know, though the rollout goes on. */
  readonly warnings: readonly string[];
}

/** What a preview does not know yet, because this very update makes it. */
export interface Coming {
  readonly bundle?: boolean;
  readonly token?: boolean;
}

/** What a look needs less than work does. */
export interface Leniency extends Coming {
  /** What a preview knows that bundles will be: they are taken for that. */
  readonly bundles?: BundlesToCome;
  /** Whether the program of a preview has a token of that name in an organization: one that moves is still elsewhere. */
  readonly hasToken?: (organization: string, name: string) => boolean;
  /** True where machines are only looked at: a server that does not run is warned about and stops nothing. */
  readonly looksOnly?: boolean;
}

/** The port agents connect to where nothing else is said. */
const AGENT_PORT = 443;

/**
 * Looks at everything that would make every machine fail alike: log-ins, bundle, server and token. Writes nothing.
 *
 * @throws ProviderError with one reason, whose path names the property at fault where one is
 */
export async function groundOf(inputs: Inputs, appliance: Appliance, leniency: Leniency = {}): Promise<Ground> {
  if (lacksLogIn(inputs)) throw stopped("no-credentials", ["linux"]);
  const wanted = installs(inputs) === true;
  const bundle =
    inputs.agent?.bundle === undefined
      ? undefined
      : await bundleOf(inputs.agent.bundle, inputs.organization, appliance, wanted, leniency.bundles);
  const status = await appliance.serverStatus({});
  const token = inputs.agent?.token;
  const canEnrol = token !== undefined || leniency.token === true;
  const standing = token === undefined ? undefined : await appliance.checkToken({ value: token });
  // A server that never ran has no name to be known by; whoever enrols with a token of this appliance means its own.
  const ownToken = leniency.token === true || (standing !== undefined && standing.status !== "unknown");
  const own = isOwn(inputs, status) || (status.name === undefined && ownToken);
  const server = serverOf(inputs, status, own);
  if (!wanted) return { server, bundle, canEnrol, serverRuns: true, warnings: [] };
  if (own && standing !== undefined && leniency.looksOnly !== true)
    requireOfOwn(standing, inputs.organization, leniency.hasToken);
  const down = (own && !status.running) || server === undefined;
  if (down && (leniency.looksOnly !== true || server === undefined))
    throw stopped("server-not-running", ["server"], notRunning(inputs, status));
  const warnings = [...versionWarnings(inputs, bundle), ...warningsOf(inputs, status, own, canEnrol)];
  if (down)
    warnings.push(`server: ${notRunning(inputs, status)}: whether they are connected is not looked at; ${START_IT}`);
  const tokenFault = own && standing !== undefined ? faultOf(standing) : undefined;
  // Others end by themselves, and may well have done what they were for.
  if (tokenFault?.code === "token-unknown") warnings.push(`agent.token: ${tokenFault.message}: ${NOBODY_NEW}`);
  return { server, bundle, canEnrol, serverRuns: !down, tokenFault, warnings };
}

const NOBODY_NEW = "machines that are enrolled stay so, and no other can enrol";
const START_IT = OUTCOME_CODES["server-not-running"].hint;

/**
 * Stops a rollout that no machine could come through, because all of them would need a token and it is not valid. One
 * that was begun before and broke off may have enrolled machines, and used the token up with them: it goes on.
 * @throws ProviderError `failed-precondition`
 */
export async function requireToken({ tokenFault }: Ground, id: string, appliance: Appliance): Promise<void> {
  if (tokenFault === undefined || (await foundOrGone(appliance.getConfiguration({ id }))) !== undefined) return;
  throw stopped(tokenFault.code, ["agent", "token"], tokenFault.message);
}

/** Something every machine would fail of, as the one reason for all. */
function stopped(code: OutcomeCode, path: readonly string[], message = OUTCOME_CODES[code].sentence): ProviderError {
  return new ProviderError({
    code: "failed-precondition",
    path,
    message: `[${code}] ${message}`,
    hint: OUTCOME_CODES[code].hint,
  });
}

async function bundleOf(
  id: string,
  organization: string | undefined,
  appliance: Appliance,
  needed: boolean,
  bundles: BundlesToCome | undefined,
): Promise<Bundle | undefined> {
  try {
    const there = await appliance.getBundle({ id });
    const coming = bundles?.of(id);
    const bundle = coming === undefined ? there : { ...coming, packages: coming.packages ?? there.packages };
    if (needed && organization !== undefined && bundle.organization !== organization)
      throw ofAnother("bundle", bundle, organization);
    if (needed && bundle.loadedAt === undefined) throw notLoaded(bundle);
    return bundle;
  } catch (error) {
    if (!(error instanceof ApplianceError) || error.code !== "not-found") throw error;
    if (!needed) return undefined; // a removal finds its agents without
    throw new ProviderError({
      code: "failed-precondition",
      path: ["agent", "bundle"],
      message: `the appliance has no bundle ${id}`,
      hint: "give the `id` of an `AgentBundle` of this appliance",
      cause: error,
    });
  }
}

/**
 * Agents belong to the organization of the token that they enrol with: it must be the configuration's.
 * @param hasToken what the program of a preview has
 * @throws ProviderError where it is another's, and does not move here in the update that a preview shows
 */
function requireOfOwn(
  { organization: own, name }: Output<"checkToken">,
  organization: string | undefined,
  hasToken: Leniency["hasToken"],
): void {
  if (organization === undefined || own === undefined || name === undefined || own === organization) return;
  if (hasToken?.(organization, name) === true && !hasToken(own, name)) return;
  throw ofAnother("token", { name, organization: own }, organization);
}

const REFERENCES = { bundle: "the `id` of an `AgentBundle`", token: "the `value` of an `AgentToken`" } as const;

function ofAnother(
  what: keyof typeof REFERENCES,
  { name, organization: own }: Pick<Bundle, "name" | "organization">,
  organization: string,
): ProviderError {
  return new ProviderError({
    code: "failed-precondition",
    path: ["agent", what],
    message: `the ${what} "${name}" is of the organization "${own}", and the configuration of "${organization}"`,
    hint: `give ${REFERENCES[what]} with \`organization: ${organization}\``,
  });
}

function notLoaded({ name, organization }: Bundle): ProviderError {
  const whose = organization === DEFAULT_ORGANIZATION ? "" : ` --organization ${shellWord(organization)}`;
  return new ProviderError({
    code: "failed-precondition",
    path: ["agent", "bundle"],
    message: `the bundle "${name}" is on the appliance, but not loaded`,
    hint: `load it by \`kace${whose} bundle load ${shellWord(name)}\`, or by \`load: true\` of its AgentBundle`,
  });
}

/** Whether agents shall connect to this appliance's own server. */
function isOwn({ server }: Inputs, status: ServerStatus): boolean {
  if (server?.name === undefined) return true;
  const name = server.name.toLowerCase();
  const names = [status.name, ...(status.canonicalNames ?? [])].map((known) => known?.toLowerCase());
  return names.includes(name) && (server.port === undefined || server.port === status.port);
}

function serverOf({ server }: Inputs, status: ServerStatus, own: boolean): AgentServer | undefined {
  const host = server?.name ?? status.name;
  if (host === undefined) return undefined;
  const port = server?.port ?? (own ? status.port : undefined) ?? AGENT_PORT;
  const named = own && status.name !== undefined && status.name !== host.toLowerCase();
  return {
    host,
    port,
    ...(named && { canonicalHost: status.name }),
    ...(own && status.caCertificate !== undefined && { caCertificate: status.caCertificate }),
  };
}

function notRunning({ server }: Inputs, { name }: ServerStatus): string {
  if (name !== undefined) return `the agents' server ${name} does not run, so no agent could connect`;
  // A server that is named is taken for this appliance's own only where the token is of this appliance.
  const why =
    server?.name === undefined
      ? "no `kace serve` ever ran on this appliance, and `server.name` is not given"
      : `\`agent.token\` is of this appliance, so ${server.name} is to be its server, and no \`kace serve\` ever ran on it`;
  return `agents have no server to connect to: ${why}`;
}

const TOKEN_CODES: Readonly<Record<Exclude<TokenStatus, "valid">, OutcomeCode>> = {
  unknown: "token-unknown",
  expired: "token-expired",
  exhausted: "token-exhausted",
  disabled: "token-disabled",
};

function faultOf({ status, name }: Output<"checkToken">): Ground["tokenFault"] {
  if (status === "valid") return undefined;
  const code = TOKEN_CODES[status];
  const { sentence } = OUTCOME_CODES[code];
  return { code, message: name === undefined ? sentence : `the token ${name}: ${sentence}` };
}

function warningsOf({ server }: Inputs, status: ServerStatus, own: boolean, canEnrol: boolean): string[] {
  const warnings: string[] = [];
  if (own && server?.name !== undefined && status.name !== undefined && server.name.toLowerCase() !== status.name)
    warnings.push(
      `server.name: it is ${server.name}, and the appliance calls itself ${status.name}: sooner or later agents are told to use ${status.name}, so every machine must be able to resolve that as well`,
    );
  if (!canEnrol)
    warnings.push(
      "agent.token: there is none, so new agents wait in quarantine until somebody approves them (`kace quarantine approve`)",
    );
  return warnings;
}
