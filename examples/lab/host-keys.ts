import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { succeed } from "./command.ts";
import type { HostKeyType, HostSpec } from "./spec.ts";
import { hostKeyPath, hostKeyTypesOf } from "./sshd-config.ts";

/** The key that a host shows. */
export interface LabHostKey {
  /** `ssh-ed25519`, for one. */
  readonly type: string;
  /** Type and base64, as known_hosts has it after the name. */
  readonly publicLine: string;
  /** `SHA256:` and base64 without padding. */
  readonly fingerprint: string;
}

/** Gives a host new host keys in place of those it may have. */
export async function writeHostKeys(root: string, host: HostSpec): Promise<LabHostKey[]> {
  const shown: LabHostKey[] = [];
  for (const type of hostKeyTypesOf(host)) shown.push(await writeHostKey(join(root, hostKeyPath(type)), type));
  return shown;
}

async function writeHostKey(path: string, type: HostKeyType): Promise<LabHostKey> {
  for (const file of [path, `${path}.pub`]) await rm(file, { force: true });
  if (type === "ed25519") {
    // Hundreds of hosts get such a key: a process for each would take longer than all the rest.
    const made = makeEd25519();
    await writeFile(path, made.privateKey, { mode: 0o600 });
    await writeFile(`${path}.pub`, `${made.publicLine}\n`);
  } else {
    const bits = type === "rsa" ? "2048" : "256";
    await succeed(["ssh-keygen", "-q", "-t", type, "-b", bits, "-N", "", "-C", "", "-f", path]);
  }
  const [algorithm = "", base64 = ""] = (await readFile(`${path}.pub`, "utf8")).trim().split(" ");
  const digest = createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64");
  return {
    type: algorithm,
    publicLine: `${algorithm} ${base64}`,
    fingerprint: `SHA256:${digest.replaceAll("=", "")}`,
  };
}

/** A new Ed25519 key in the form of OpenSSH (its PROTOCOL.key), without a passphrase. */
export function makeEd25519(): { readonly privateKey: string; readonly publicLine: string } {
  const { x = "", d = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const publicBytes = Buffer.from(x, "base64url");
  const publicBlob = Buffer.concat([text("ssh-ed25519"), text(publicBytes)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    publicBlob,
    text(Buffer.concat([Buffer.from(d, "base64url"), publicBytes])),
    text(""),
  ]);
  // To a multiple of 8, by the bytes 1, 2, 3 ...
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const whole = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    text("none"),
    text("none"),
    text(""),
    Buffer.from([0, 0, 0, 1]),
    text(publicBlob),
    text(Buffer.concat([secret, padding])),
  ]);
  const lines = whole.toString("base64").match(/.{1,70}/g) ?? [];
  const frame = (word: string): string => `-----${word} OPENSSH PRIVATE KEY-----`;
  return {
    privateKey: [frame("BEGIN"), ...lines, frame("END"), ""].join("\n"),
    publicLine: `ssh-ed25519 ${publicBlob.toString("base64")}`,
  };
}

/** Bytes with their length before them, as SSH writes a string. */
function text(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
