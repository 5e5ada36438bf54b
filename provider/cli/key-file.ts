import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { UsageError } from "./session.ts";
import { textIn } from "./text-file.ts";

/** The Ed25519 private key in a PEM file. @throws UsageError where there is none, without a word of what is there */
export function privateKeyIn(file: string, option: string): Promise<KeyObject> {
  return keyIn(file, { option, parse: createPrivateKey, what: "private key" });
}

/** The Ed25519 public key in a PEM file. @throws UsageError where there is none */
export function publicKeyIn(file: string, option: string): Promise<KeyObject> {
  return keyIn(file, { option, parse: createPublicKey, what: "public key" });
}

interface Wanted {
  readonly option: string;
  readonly parse: (pem: string) => KeyObject;
  readonly what: string;
}

async function keyIn(file: string, { option, parse, what }: Wanted): Promise<KeyObject> {
  const pem = await textIn(file, option);
  let key: KeyObject | undefined;
  try {
    key = parse(pem);
  } catch {
    key = undefined; // what the library says of it may quote it
  }
  if (key?.asymmetricKeyType === "ed25519") return key;
  throw new UsageError(
    `${option}: ${file} holds no Ed25519 ${what} in PEM form`,
    "`openssl genpkey -algorithm ed25519` makes a private key, `openssl pkey -pubout` its public key",
  );
}
