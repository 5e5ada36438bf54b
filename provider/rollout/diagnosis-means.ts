import { homedir } from "node:os";
import type { Appliance } from "../appliance/appliance.ts";
import { defaultFolder } from "../appliance/local/folder.ts";
import type { ServerStatus } from "../appliance/operations/server.ts";
import { shellWord } from "../appliance/shell-word.ts";
import type { DiagnosisMeans, DiagnosisSubject } from "./diagnosis-subject.ts";
import { createDns } from "./dns/dns.ts";
import { systemNames } from "./dns/name-source.ts";
import { greetTls } from "./greet-tls.ts";
import { knownMachine } from "./known-machine.ts";
import { probePorts } from "./ports/sweep.ts";

/** The port agents connect to where nothing else is said. */
const AGENT_PORT = 443;

/** The port of `kace serve` where nothing else is said. */
const SERVE_PORT = 8443;

/**
 * The server that a machine's agent should connect to: the one that is named, or the appliance's own; undefined where
 * none is named and none ever ran here.
 *
 * @param status what the appliance says of its own server
 * @param folder of the appliance, where it is one of this machine and not the default: to start its server with
 */
export function serverToDiagnose(
  named: { readonly name?: string | undefined; readonly port?: number | undefined } | undefined,
  status: ServerStatus,
  folder?: string,
): DiagnosisSubject["server"] | undefined {
  const names = [status.name, ...(status.canonicalNames ?? [])].map((name) => name?.toLowerCase());
  const host = named?.name ?? status.name;
  if (host === undefined) return undefined;
  const own = names.includes(host.toLowerCase());
  const port = named?.port ?? (own ? status.port : undefined) ?? AGENT_PORT;
  return {
    host,
    port,
    ...(!(own && port === status.port) && { elsewhere: true }),
    ...(own && status.caCertificate !== undefined && { caCertificate: status.caCertificate }),
    ...(own &&
      port === status.port &&
      !status.running &&
      status.makesAuthorities !== false && { startedBy: serveCommand(status, folder) }),
  };
}

/** What starts a server of the name and port that agents know: those that it had last. */
function serveCommand({ name, port }: ServerStatus, folder: string | undefined): string {
  const where = folder === undefined ? "" : ` --database ${shellWord(folder)}`;
  return `kace${where} serve --name ${name}${port === SERVE_PORT ? "" : ` --port ${port}`}`;
}

/** The folder of a local appliance, unless it is the one that commands take anyway. */
export function folderToName(appliance: Appliance): string | undefined {
  if (!("folder" in appliance) || typeof appliance.folder !== "string") return undefined;
  const usual = defaultFolder({ platform: process.platform, env: process.env, home: homedir() });
  return appliance.folder === usual ? undefined : appliance.folder;
}

/** What a diagnosis finds out from this machine and from an appliance; nothing is written anywhere. */
export function diagnosisMeans(
  appliance: Appliance,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): DiagnosisMeans {
  const dns = createDns(systemNames(timeoutMs), { timeoutMs, signal });
  return {
    forward: (name) => dns.forward(name),
    async portState(address, port, limitMs) {
      const [result] = await probePorts({ address, ports: [port], timeoutMs: limitMs, signal });
      if (result === undefined) throw new Error("a port that was asked for has no state");
      return result.state;
    },
    greet: greetTls,
    checkToken: (value) => appliance.checkToken({ value }),
    knownMachine: (machine) => knownMachine(appliance, machine),
  };
}
