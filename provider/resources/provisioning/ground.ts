import type { AgentServer } from "../../agent/agent.ts";
import type { Appliance } from "../../appliance/appliance.ts";
import { ApplianceError } from "../../appliance/errors.ts";
import type { Bundle } from "../../appliance/operations/bundles.ts";
import type { ServerStatus } from "../../appliance/operations/server.ts";
import type { TokenStatus } from "../../appliance/operations/tokens.ts";
import { ProviderError } from "../../kit/define/errors.ts";
import { OUTCOME_CODES, type OutcomeCode } from "../../rollout/codes.ts";
import type { Inputs } from "./inputs.ts";
import { installs } from "./presence.ts";

/** What a rollout stands on, found out before the first machine is touched. */
export interface Ground {
  /** Where agents connect to; undefined only where agents are removed and no server was ever named. */
  readonly server: AgentServer | undefined;
  /** What to install from; undefined only where agents are removed. */
  readonly bundle: Bundle | undefined;
  /** What a user should know, though the rollout goes on. */
  readonly warnings: readonly string[];
}

/** The port agents connect to where nothing else is said. */
const AGENT_PORT = 443;

/**
 * Looks at everything that would make every machine fail alike: log-ins, bundle, server and token. Writes nothing.
 *
 * @throws ProviderError with one reason, whose path names the property at fault where one is
 */
export async function groundOf(inputs: Inputs, appliance: Appliance): Promise<Ground> {
  requireCredentials(inputs);
  const wanted = installs(inputs) === true;
  const bundle =
    inputs.agent?.bundle === undefined ? undefined : await bundleOf(inputs.agent.bundle, appliance, wanted);
  const status = await appliance.serverStatus({});
  const own = isOwn(inputs, status);
  const server = serverOf(inputs, status, own);
  if (!wanted) return { server, bundle, warnings: [] };
  if (own && !status.running) throw stopped("server-not-running", ["server"], notRunning(status));
  if (server === undefined) throw stopped("server-not-running", ["server"], notRunning(status));
  if (own && inputs.agent?.token !== undefined) await requireToken(inputs.agent.token, appliance);
  return { server, bundle, warnings: warningsOf(inputs, status, own) };
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

function requireCredentials({ linux }: Inputs): void {
  if (
    linux === undefined ||
    linux.password !== undefined ||
    linux.privateKey !== undefined ||
    linux.agentSocket !== undefined
  )
    return;
  throw stopped("no-credentials", ["linux"]);
}

async function bundleOf(id: string, appliance: Appliance, needed: boolean): Promise<Bundle | undefined> {
  try {
    return await appliance.getBundle({ id });
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
  return { host, port, ...(own && status.caCertificate !== undefined && { caCertificate: status.caCertificate }) };
}

function notRunning({ name }: ServerStatus): string {
  return name === undefined
    ? "agents have no server to connect to: none ever ran on this appliance, and `server.name` names no other"
    : `the agents' server ${name} does not run, so no agent could connect`;
}

const TOKEN_CODES: Readonly<Record<Exclude<TokenStatus, "valid">, OutcomeCode>> = {
  unknown: "token-unknown",
  expired: "token-expired",
  exhausted: "token-exhausted",
  disabled: "token-disabled",
};

async function requireToken(value: string, appliance: Appliance): Promise<void> {
  const { status, name } = await appliance.checkToken({ value });
  if (status === "valid") return;
  const code = TOKEN_CODES[status];
  const message = name === undefined ? undefined : `the token ${name}: ${OUTCOME_CODES[code].sentence}`;
  throw stopped(code, ["agent", "token"], message);
}

function warningsOf({ server, agent }: Inputs, status: ServerStatus, own: boolean): string[] {
  const warnings: string[] = [];
  if (own && server?.name !== undefined && status.name !== undefined && server.name.toLowerCase() !== status.name)
    warnings.push(
      `server.name is ${server.name}, and the appliance calls itself ${status.name}: agents are given that name sooner or later, so every machine must be able to resolve it`,
    );
  if (agent?.token === undefined)
    warnings.push(
      "there is no `agent.token`: new agents wait in quarantine until somebody approves them (`kace quarantine approve`)",
    );
  return warnings;
}
