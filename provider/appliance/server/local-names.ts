import { isIP } from "node:net";
import type { NetworkInterfaceInfo } from "node:os";

const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::", ""]);

/**
 * The names and addresses that a server can be dialled by: its own name, this machine's, and the addresses it listens on.
 * @param name what agents are told
 * @param host what it listens on: an address, a name, or `0.0.0.0` or `::` for all addresses
 * @example localNames({ name: "kace.example", host: "10.0.0.5", hostname: "ctl", interfaces: {} }) // kace.example, ctl, localhost, 10.0.0.5 and loopback
 */
export function localNames({
  name,
  host,
  hostname,
  interfaces,
}: {
  readonly name: string;
  readonly host: string;
  readonly hostname: string;
  readonly interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;
}): string[] {
  const names = [name, hostname, "localhost", "127.0.0.1", "::1"];
  if (!WILDCARDS.has(host)) return [...names, host];
  const addresses = Object.values(interfaces)
    .flatMap((of) => of ?? [])
    .map(({ address }) => address)
    // Link-local addresses come and go, and mean something only together with an interface.
    .filter((address) => isIP(address) !== 0 && !/^fe80:/i.test(address));
  return [...names, ...addresses];
}
