import { createHmac } from "node:crypto";
import type { HostKey } from "../machine.ts";
import { parsePublicKey } from "./host-key.ts";

/** What a known_hosts file says about one host. */
export interface KnownKeys {
  readonly trusted: readonly HostKey[];
  readonly revoked: readonly HostKey[];
  /** True if the file trusts an authority for this host, which this product cannot check. */
  readonly hasAuthority: boolean;
}

const DEFAULT_PORT = 22;

/**
 * Looks a host up in the text of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). Lines that are not
 * understood are passed over, as OpenSSH does.
 *
 * As in OpenSSH, a port other than 22 is looked up as `[host]:port`, and only if that is not there as `host`.
 *
 * @example lookUpKnownHost("web01 ssh-ed25519 AAAAC3Nza...", "web01", 22).trusted.length // 1
 */
export function lookUpKnownHost(text: string, host: string, port: number): KnownKeys {
  const lines = text.split("\n").flatMap((line) => parseLine(line));
  const name = host.toLowerCase();
  const exact = collect(lines, port === DEFAULT_PORT ? name : `[${name}]:${port}`);
  const found = exact.trusted.length > 0 || exact.revoked.length > 0 || exact.hasAuthority;
  return found || port === DEFAULT_PORT ? exact : collect(lines, name);
}

interface Line {
  readonly marker: string | undefined;
  readonly hosts: string;
  readonly key: HostKey | undefined;
}

function parseLine(line: string): Line[] {
  const text = line.trim();
  if (text === "" || text.startsWith("#")) return [];
  const words = text.split(/\s+/);
  const marker = words[0]?.startsWith("@") === true ? words.shift() : undefined;
  const [hosts, ...key] = words;
  return hosts === undefined ? [] : [{ marker, hosts, key: parsePublicKey(key.join(" ")) }];
}

function collect(lines: readonly Line[], name: string): KnownKeys {
  const trusted: HostKey[] = [];
  const revoked: HostKey[] = [];
  let hasAuthority = false;
  for (const { marker, hosts, key } of lines) {
    if (!matches(hosts, name)) continue;
    if (marker === "@cert-authority") hasAuthority = true;
    else if (key === undefined) continue;
    else if (marker === "@revoked") revoked.push(key);
    else if (marker === undefined) trusted.push(key);
  }
  return { trusted, revoked, hasAuthority };
}

function matches(hosts: string, name: string): boolean {
  if (hosts.startsWith("|")) return matchesHash(hosts, name);
  let found = false;
  for (const pattern of hosts.toLowerCase().split(",")) {
    if (pattern.startsWith("!")) {
      if (wildcard(pattern.slice(1)).test(name)) return false;
    } else if (wildcard(pattern).test(name)) found = true;
  }
  return found;
}

/** `|1|salt|HMAC-SHA1 of the name under the salt|`, both in base64. */
function matchesHash(hashed: string, name: string): boolean {
  const [, version, salt, hash] = hashed.split("|");
  if (version !== "1" || salt === undefined || hash === undefined) return false;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}

function wildcard(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`);
}
