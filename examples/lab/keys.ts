import { createHash, randomUUID } from "node:crypto";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import ssh2 from "ssh2";
import { succeed } from "./command.ts";
import { type HostKeyType, LAB_KEY_NAMES, type LabKeyName } from "./spec.ts";

/** A key to log in with, in files that only root can read. */
export interface LabKey {
  readonly path: string;
  /** The private key as OpenSSH writes it. */
  readonly privateKey: string;
  /** A line for authorized_keys. */
  readonly publicLine: string;
  /** Of the `encrypted` key only. */
  readonly passphrase?: string;
}

/** `ed25519`, `rsa` and `ecdsa` are plain; `encrypted` is an Ed25519 key under a passphrase. */
export type LabKeys = Readonly<Record<LabKeyName, LabKey>>;

const KIND: Readonly<Record<Exclude<LabKeyName, "encrypted">, readonly string[]>> = {
  ed25519: ["-t", "ed25519"],
  rsa: ["-t", "rsa", "-b", "2048"],
  ecdsa: ["-t", "ecdsa", "-b", "256"],
};

/** Makes the keys of a lab in a folder of their own. */
export async function makeKeys(folder: string): Promise<LabKeys> {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o700);
  const make = async (name: keyof typeof KIND): Promise<LabKey> => {
    const path = join(folder, name);
    await succeed(["ssh-keygen", "-q", ...KIND[name], "-C", `lab-${name}`, "-N", "", "-f", path]);
    const publicLine = (await readFile(`${path}.pub`, "utf8")).trim();
    return { path, privateKey: await readFile(path, "utf8"), publicLine };
  };
  const [ed25519, rsa, ecdsa] = await Promise.all([make("ed25519"), make("rsa"), make("ecdsa")]);
  return { ed25519, rsa, ecdsa, encrypted: await makeEncrypted(join(folder, "encrypted")) };
}

/** Not by ssh-keygen, which takes a passphrase only from a terminal or from its command line, where all can read it. */
async function makeEncrypted(path: string): Promise<LabKey> {
  const passphrase = randomUUID();
  const comment = "lab-encrypted";
  const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment, passphrase, cipher: "aes256-ctr", rounds: 16 });
  await writeFile(path, pair.private, { mode: 0o600 });
  await writeFile(`${path}.pub`, `${pair.public}\n`);
  return { path, privateKey: pair.private, publicLine: pair.public, passphrase };
}

/** The line of authorized_keys that is meant: a line stays itself, the name of a lab's key is its public line. */
export function authorizedLine(keys: LabKeys, wish: string): string {
  const name = LAB_KEY_NAMES.find((candidate) => candidate === wish);
  return name === undefined ? wish : keys[name].publicLine;
}

/** The key that a host shows. */
export interface LabHostKey {
  /** `ssh-ed25519`, for one. */
  readonly type: string;
  /** Type and base64, as known_hosts has it after the name. */
  readonly publicLine: string;
  /** `SHA256:` and base64 without padding. */
  readonly fingerprint: string;
}

/** A new host key: its private part in OpenSSH's form, and what the world sees of it. */
export function makeHostKey(type: HostKeyType): { readonly privateKey: string; readonly shown: LabHostKey } {
  const pair =
    type === "rsa"
      ? ssh2.utils.generateKeyPairSync("rsa", { bits: 2048 })
      : type === "ecdsa"
        ? ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 })
        : ssh2.utils.generateKeyPairSync("ed25519");
  const [algorithm = "", base64 = ""] = pair.public.split(" ");
  const fingerprint = createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64").replaceAll("=", "");
  return {
    privateKey: pair.private,
    shown: { type: algorithm, publicLine: `${algorithm} ${base64}`, fingerprint: `SHA256:${fingerprint}` },
  };
}
