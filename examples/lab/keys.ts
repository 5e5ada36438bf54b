import { randomUUID } from "node:crypto";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { succeed } from "./command.ts";
import { scripts } from "./scripts.ts";
import { LAB_KEY_NAMES, type LabKeyName } from "./spec.ts";

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
    return readKey(path);
  };
  const [ed25519, rsa, ecdsa] = await Promise.all([make("ed25519"), make("rsa"), make("ecdsa")]);
  return { ed25519, rsa, ecdsa, encrypted: await makeEncrypted(folder) };
}

/** The passphrase goes by the environment, which only root can read, never by a command line. */
async function makeEncrypted(folder: string): Promise<LabKey> {
  const passphrase = randomUUID();
  const path = join(folder, "encrypted");
  const ask = join(folder, "ask");
  await writeFile(ask, scripts.ask, { mode: 0o700 });
  const asked = { SSH_ASKPASS: ask, SSH_ASKPASS_REQUIRE: "force", LAB_PASSPHRASE: passphrase };
  await succeed(["ssh-keygen", "-q", "-t", "ed25519", "-C", "lab-encrypted", "-f", path], {
    env: { ...process.env, ...asked },
  });
  await rm(ask);
  return { ...(await readKey(path)), passphrase };
}

async function readKey(path: string): Promise<LabKey> {
  const publicLine = (await readFile(`${path}.pub`, "utf8")).trim();
  return { path, privateKey: await readFile(path, "utf8"), publicLine };
}

/** The line of authorized_keys that is meant: a line stays itself, the name of a lab's key is its public line. */
export function authorizedLine(keys: LabKeys, wish: string): string {
  const name = LAB_KEY_NAMES.find((candidate) => candidate === wish);
  return name === undefined ? wish : keys[name].publicLine;
}
