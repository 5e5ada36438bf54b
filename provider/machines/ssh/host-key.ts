import { createHash } from "node:crypto";
import type { HostKey } from "../machine.ts";

/**
 * A host key from the bytes that a server sends: RFC 4253, 6.6.
 * @throws RangeError if the bytes are no key
 */
export function hostKeyOf(blob: Buffer): HostKey {
  if (blob.length < 4) throw new RangeError("these bytes are no public key");
  const typeLength = blob.readUInt32BE(0);
  if (typeLength === 0 || 4 + typeLength > blob.length) throw new RangeError("these bytes are no public key");
  return {
    type: blob.toString("latin1", 4, 4 + typeLength),
    key: blob.toString("base64"),
    fingerprint: `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`,
  };
}

/**
 * A host key from a line such as `ssh-ed25519 AAAA... comment`; absent if it is none.
 * @example parsePublicKey("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA... web01")?.type // "ssh-ed25519"
 */
export function parsePublicKey(line: string): HostKey | undefined {
  const [type, key] = line.trim().split(/\s+/);
  if (type === undefined || key === undefined || !/^[A-Za-z0-9+/]+=*$/.test(key)) return undefined;
  try {
    const parsed = hostKeyOf(Buffer.from(key, "base64"));
    return parsed.type === type ? parsed : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
