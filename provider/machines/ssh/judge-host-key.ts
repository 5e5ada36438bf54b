import type { HostKeyPolicy } from "../credentials.ts";
import { type HostKey, MachineError } from "../machine.ts";
import { parsePublicKey } from "./host-key.ts";
import { lookUpKnownHost } from "./known-hosts.ts";

/** Which host a key is judged for. */
export interface HostIdentity {
  readonly host: string;
  readonly port: number;
}

/**
 * Says whether a host key is believed: the error if it is not. Pure.
 *
 * A host of which only keys of another type are known counts as changed: the handshake asks for the known types first
 * ({@link knownKeyTypes}), so the host would have shown them.
 */
export function judgeHostKey(policy: HostKeyPolicy, identity: HostIdentity, shown: HostKey): MachineError | undefined {
  switch (policy.mode) {
    case "insecure":
      return undefined;
    case "pinned":
      return policy.keys.some((pin) => isPin(pin, shown))
        ? undefined
        : changed(shown, "is not one of the pinned keys", policy.hint);
    case "acceptNew":
      return policy.known.length === 0 || policy.known.some((known) => isSame(known, shown))
        ? undefined
        : changed(shown, "is not the one recorded before");
    case "strict":
      return judgeByKnownHosts(policy.knownHosts, identity, shown);
  }
}

/** The types of the keys that are known, such as `ssh-ed25519`: the ones to ask the host for first. */
export function knownKeyTypes(policy: HostKeyPolicy, identity: HostIdentity): readonly string[] {
  const types = (keys: readonly (HostKey | undefined)[]) => [
    ...new Set(keys.flatMap((key) => (key === undefined ? [] : [key.type]))),
  ];
  switch (policy.mode) {
    case "insecure":
      return [];
    case "pinned":
      return types(policy.keys.map(parsePublicKey));
    case "acceptNew":
      return types(policy.known);
    case "strict":
      return types(lookUpKnownHost(policy.knownHosts, identity.host, identity.port).trusted);
  }
}

function judgeByKnownHosts(knownHosts: string, identity: HostIdentity, shown: HostKey): MachineError | undefined {
  const known = lookUpKnownHost(knownHosts, identity.host, identity.port);
  if (known.revoked.some((key) => isSame(key, shown)))
    return changed(shown, "is marked as revoked in known_hosts", IN_KNOWN_HOSTS);
  if (known.trusted.some((key) => isSame(key, shown))) return undefined;
  if (known.trusted.length > 0) return changed(shown, "is not the one in known_hosts", IN_KNOWN_HOSTS);
  return new MachineError({
    code: "host-key-unknown",
    message: `no key is known for ${identity.host} port ${identity.port}; it shows ${described(shown)}`,
    hint: known.hasAuthority
      ? "its @cert-authority line is not supported: add the host's own key to the known hosts"
      : "compare the fingerprint with the host's own and add the key to the known hosts",
  });
}

const IN_KNOWN_HOSTS =
  "find out why before anything is sent there; if the host was rebuilt, replace the key in the known hosts";

function changed(shown: HostKey, why: string, hint?: string): MachineError {
  return new MachineError({ code: "host-key-changed", message: `the host key ${described(shown)} ${why}`, hint });
}

function isPin(pin: string, shown: HostKey): boolean {
  const text = pin.trim();
  if (text.startsWith("SHA256:")) return text.replace(/=+$/, "") === shown.fingerprint;
  const key = parsePublicKey(text);
  return key !== undefined && isSame(key, shown);
}

function isSame(a: HostKey, b: HostKey): boolean {
  return a.type === b.type && a.key === b.key;
}

function described(key: HostKey): string {
  return `${key.fingerprint} (${key.type})`;
}
