import { sign } from "node:crypto";
import type { Client, ParsedKey } from "ssh2";
import { parsePublicKey } from "./host-key.ts";
import { innerPart } from "./library.ts";
import { field, positive, readField } from "./wire.ts";

/**
 * OpenSSH user certificates (PROTOCOL.certkeys of its sources). The library has none, so a key that shows the
 * certificate in place of its public half is given to it, and the one thing it then gets wrong is put right on the way
 * out: the signature names the certificate's algorithm where it must name the key's.
 */
interface Algorithm {
  /** What the log-in is asked for with. */
  readonly request: string;
  /** What the signature is named. */
  readonly signature: string;
  readonly hash: string | null;
}

const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  "ssh-ed25519-cert-v01@openssh.com": {
    request: "ssh-ed25519-cert-v01@openssh.com",
    signature: "ssh-ed25519",
    hash: null,
  },
  "ecdsa-sha2-nistp256-cert-v01@openssh.com": {
    request: "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    signature: "ecdsa-sha2-nistp256",
    hash: "sha256",
  },
  "ecdsa-sha2-nistp384-cert-v01@openssh.com": {
    request: "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    signature: "ecdsa-sha2-nistp384",
    hash: "sha384",
  },
  "ecdsa-sha2-nistp521-cert-v01@openssh.com": {
    request: "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    signature: "ecdsa-sha2-nistp521",
    hash: "sha512",
  },
  "ssh-rsa-cert-v01@openssh.com": {
    request: "rsa-sha2-512-cert-v01@openssh.com",
    signature: "rsa-sha2-512",
    hash: "sha512",
  },
};

/** A key that shows a certificate, and what {@link nameSignaturesOf} needs to know about it. */
export interface CertifiedKey {
  readonly key: ParsedKey;
  readonly request: string;
  readonly signature: string;
}

/** A certificate with its private key; absent if the text is no user certificate. */
export function certifiedKey(certificate: string, key: ParsedKey): CertifiedKey | undefined {
  const parsed = parsePublicKey(certificate);
  const algorithm = parsed === undefined ? undefined : ALGORITHMS[parsed.type];
  if (parsed === undefined || algorithm === undefined) return undefined;
  const blob = Buffer.from(parsed.key, "base64");
  const certified: ParsedKey = Object.create(key, {
    type: { value: algorithm.request },
    getPublicSSH: { value: () => blob },
    sign: { value: (data: Buffer) => signed(data, key.getPrivatePEM(), algorithm) },
  });
  return { key: certified, request: algorithm.request, signature: algorithm.signature };
}

function signed(data: Buffer, privatePem: string, algorithm: Algorithm): Buffer {
  if (!algorithm.signature.startsWith("ecdsa-")) return sign(algorithm.hash, data, privatePem);
  const pair = sign(algorithm.hash, data, { key: privatePem, dsaEncoding: "ieee-p1363" });
  const half = pair.length / 2;
  return Buffer.concat([field(positive(pair.subarray(0, half))), field(positive(pair.subarray(half)))]);
}

/** Makes what a client sends name the signatures of a certified key rightly. Call before the key is tried. */
export function nameSignaturesOf(client: Client, certified: CertifiedKey): void {
  const writer = packetWriterOf(client);
  const finalize = writer.finalize;
  writer.finalize = function finalizeRenamed(packet: Buffer, ...rest: unknown[]) {
    const renamed = renameSignature(packet.subarray(writer.allocStart), certified);
    if (renamed === undefined) return finalize.call(writer, packet, ...rest);
    const fresh = writer.alloc(renamed.length);
    fresh.set(renamed, writer.allocStart);
    return finalize.call(writer, fresh, ...rest);
  };
}

const USERAUTH_REQUEST = 50;

/**
 * The log-in request with its signature named rightly; absent if the message is something else. Trailing bytes (the
 * packet's padding) are not part of the result.
 */
export function renameSignature(
  message: Buffer,
  names: { readonly request: string; readonly signature: string },
): Buffer | undefined {
  if (message[0] !== USERAUTH_REQUEST) return undefined;
  const [user, afterUser] = readField(message, 1);
  const [service, afterService] = readField(message, afterUser);
  const [method, afterMethod] = readField(message, afterService);
  if (user === undefined || service === undefined || method?.toString("latin1") !== "publickey") return undefined;
  const isSigned = message[afterMethod] === 1;
  const [algorithm, afterAlgorithm] = readField(message, afterMethod + 1);
  if (!isSigned || algorithm?.toString("latin1") !== names.request) return undefined;
  const [, afterKey] = readField(message, afterAlgorithm);
  const [signature] = readField(message, afterKey);
  if (signature === undefined) return undefined;
  const [, afterName] = readField(signature, 0);
  const [bytes] = readField(signature, afterName);
  if (bytes === undefined) return undefined;
  const renamed = Buffer.concat([field(Buffer.from(names.signature)), field(bytes)]);
  return Buffer.concat([message.subarray(0, afterKey), field(renamed)]);
}

interface PacketWriter {
  readonly allocStart: number;
  alloc(length: number): Buffer;
  finalize(packet: Buffer, ...rest: unknown[]): unknown;
}

/** The library has no door for this; its version is pinned, and a test logs in to a real sshd by certificate. */
function packetWriterOf(client: Client): PacketWriter {
  const writer = innerPart(client, "_protocol", "_packetRW", "write");
  if (!isPacketWriter(writer)) throw new TypeError("this version of ssh2 cannot be used with certificates");
  return writer;
}

function isPacketWriter(value: unknown): value is PacketWriter {
  return (
    typeof value === "object" &&
    value !== null &&
    "allocStart" in value &&
    typeof value.allocStart === "number" &&
    "alloc" in value &&
    typeof value.alloc === "function" &&
    "finalize" in value &&
    typeof value.finalize === "function"
  );
}
