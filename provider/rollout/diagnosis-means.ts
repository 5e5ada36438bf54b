import type { Appliance } from "../appliance/appliance.ts";
import type { ServerStatus } from "../appliance/operations/server.ts";
import type { DiagnosisMeans, DiagnosisSubject } from "./diagnosis.ts";
import { createDns } from "./dns/dns.ts";
import { systemNames } from "./dns/name-source.ts";
import { greetTls } from "./greet-tls.ts";
import { probePorts } from "./ports/sweep.ts";

/** The port agents connect to where nothing else is said. */
const AGENT_PORT = 443;

/**
 * The server that a machine's agent should connect to: the one that is named, or the appliance's own; undefined where
 * none is named and none ever ran here.
 *
 * @param status what the appliance says of its own server
 */
export function serverToDiagnose(
  named: { readonly name?: string | undefined; readonly port?: number | undefined } | undefined,
  status: ServerStatus,
): DiagnosisSubject["server"] | undefined {
  const names = [status.name, ...(status.canonicalNames ?? [])].map((name) => name?.toLowerCase());
  const host = named?.name ?? status.name;
  if (host === undefined) return undefined;
  const own = names.includes(host.toLowerCase());
  return {
    host,
    port: named?.port ?? (own ? status.port : undefined) ?? AGENT_PORT,
    ...(own && status.caCertificate !== undefined && { caCertificate: status.caCertificate }),
  };
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
    async findDevice(machine) {
      const { devices } = await appliance.findDevices({ names: [machine] });
      if (devices.length > 0) return newest(devices);
      return byAddress(appliance, machine);
    },
  };
}

/** A machine that is called by its address is known by what its agent says of itself. */
async function byAddress(appliance: Appliance, address: string) {
  let after: string | undefined;
  const found = [];
  do {
    const page = await appliance.findDevices({ limit: 1_000, after });
    found.push(...page.devices.filter(({ addresses }) => addresses.includes(address)));
    after = page.next;
  } while (after !== undefined);
  return newest(found);
}

/** A machine that was set up anew is a new device: the one that came last is it. */
function newest<Found extends { readonly lastSeenAt: string }>(devices: readonly Found[]): Found | undefined {
  return devices.toSorted((one, other) => other.lastSeenAt.localeCompare(one.lastSeenAt))[0];
}
