import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { promisify } from "node:util";
import * as z from "zod";
import { ApplianceError } from "../errors.ts";

/** RFC 7914, with the cost that OWASP's cheat sheet on password storage asks for: 128 MiB and a good part of a second. */
const COST = { N: 2 ** 17, r: 8, p: 1 } as const;
const MAX_MEMORY_BYTES = 256 * 1024 * 1024;
const KEY_BYTES = 32;
const MIN_PASSPHRASE_CHARACTERS = 12;

const base64 = z.base64().max(64 * 1024 * 1024);

/** What a passphrase has sealed: scrypt makes the key, AES-256-GCM encrypts and proves. */
export const sealedText = z.object({
  kdf: z.literal("scrypt"),
  // An archive must not be able to ask for any amount of work and memory.
  n: z.literal(COST.N),
  r: z.literal(COST.r),
  p: z.literal(COST.p),
  salt: base64,
  cipher: z.literal("aes-256-gcm"),
  nonce: base64,
  tag: base64,
  data: base64,
});

export type SealedText = z.output<typeof sealedText>;

const derive = promisify<string, Buffer, number, object, Buffer>(scrypt);

function keyOf(passphrase: string, salt: Buffer): Promise<Buffer> {
  // The same passphrase typed on another system may be other bytes, but for this (RFC 8265).
  return derive(passphrase.normalize("NFC"), salt, KEY_BYTES, { ...COST, maxmem: MAX_MEMORY_BYTES });
}

/**
 * Encrypts a text with a passphrase.
 * @param bound is not encrypted, and must be the same when it is opened again
 * @throws ApplianceError `invalid` for a passphrase that is too short to keep anything
 */
export async function sealWith(passphrase: string, text: string, bound: string): Promise<SealedText> {
  requireStrength(passphrase);
  const [salt, nonce] = [randomBytes(16), randomBytes(12)];
  const cipher = createCipheriv("aes-256-gcm", await keyOf(passphrase, salt), nonce).setAAD(Buffer.from(bound));
  const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return {
    kdf: "scrypt",
    n: COST.N,
    r: COST.r,
    p: COST.p,
    salt: salt.toString("base64"),
    cipher: "aes-256-gcm",
    nonce: nonce.toString("base64"),
    tag: cipher.getAuthTag().toString("base64"),
    data: data.toString("base64"),
  };
}

/**
 * Opens what {@link sealWith} sealed.
 * @throws ApplianceError `permission-denied` for another passphrase, or where anything was changed
 */
export async function openWith(passphrase: string, sealed: SealedText, bound: string): Promise<string> {
  const key = await keyOf(passphrase, Buffer.from(sealed.salt, "base64"));
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(sealed.nonce, "base64"), { authTagLength: 16 })
      .setAAD(Buffer.from(bound))
      .setAuthTag(Buffer.from(sealed.tag, "base64"));
    return decipher.update(Buffer.from(sealed.data, "base64"), undefined, "utf8") + decipher.final("utf8");
  } catch (cause) {
    throw new ApplianceError({
      code: "permission-denied",
      message: "this is not the passphrase of the export, or the export was changed",
      hint: "give the passphrase that it was made with",
      cause,
    });
  }
}

function requireStrength(passphrase: string): void {
  if ([...passphrase].length >= MIN_PASSPHRASE_CHARACTERS) return;
  throw new ApplianceError({
    code: "invalid",
    message: `a passphrase has at least ${MIN_PASSPHRASE_CHARACTERS} characters`,
    hint: "whoever has the file may try as many as they like: take several words, or `openssl rand -base64 24`",
  });
}
