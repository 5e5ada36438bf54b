import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { ApplianceError } from "../errors.ts";
import { describeFileError } from "./file-errors.ts";

export const KEY_FILE = "secrets.key";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEALED = "v1.";

/** Encrypts secrets at rest and finds them again without decrypting. */
export interface Keys {
  /**
   * Encrypts (AES-256-GCM). `place` says where it is kept, so that a value cannot be moved elsewhere in the database.
   */
  seal(plain: string, place: string): string;
  /** @throws ApplianceError `corrupt` */
  unseal(sealed: string, place: string): string;
  /** Always the same for the same value and purpose, and of no use without the key (HMAC-SHA256, hexadecimal). */
  fingerprint(value: string, purpose: string): string;
}

/** The keys that a secret of 32 bytes stands for. */
export function keysFrom(secret: Uint8Array): Keys {
  // As key objects: of bytes Node finds out each time anew that they are no key object, which takes longer than their use.
  const derive = (purpose: string) =>
    createSecretKey(Buffer.from(hkdfSync("sha256", secret, "", `pulumi-kace ${purpose}`, KEY_BYTES)));
  const encryption = derive("encryption");
  const lookUp = derive("look-up");
  return {
    seal(plain, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", encryption, nonce).setAAD(Buffer.from(place));
      const body = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
      return SEALED + Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64url");
    },
    unseal(sealed, place) {
      const bytes = Buffer.from(sealed.slice(SEALED.length), "base64url");
      try {
        const decipher = createDecipheriv("aes-256-gcm", encryption, bytes.subarray(0, NONCE_BYTES))
          .setAAD(Buffer.from(place))
          .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
      } catch (cause) {
        throw new ApplianceError({
          code: "corrupt",
          message: `the secret of ${place} cannot be decrypted`,
          hint: "restore the database and its key together from one backup",
          cause,
        });
      }
    },
    fingerprint: (value, purpose) => createHmac("sha256", lookUp).update(`${purpose}\n${value}`).digest("hex"),
  };
}

/** Keys that nothing was ever encrypted with, for a store that is empty. */
export function unusedKeys(): Keys {
  return keysFrom(randomBytes(KEY_BYTES));
}

/**
 * Reads the key file of a folder; undefined where there is none.
 * @throws ApplianceError `corrupt`, `permission-denied`
 */
export function readKeys(folder: string): Keys | undefined {
  const path = join(folder, KEY_FILE);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (!existsSync(path)) return undefined;
    throw describeFileError(error, path);
  }
  const secret = Buffer.from(text.trim(), "base64url");
  if (secret.length !== KEY_BYTES) {
    throw new ApplianceError({
      code: "corrupt",
      message: `${path} is not a key of this program`,
      hint: "restore it from a backup: without it the secrets in the database cannot be read",
    });
  }
  return keysFrom(secret);
}

/** Makes the key file, readable by its owner only, unless another process was quicker; gives the keys that count. */
export function makeKeys(folder: string): Keys {
  const path = join(folder, KEY_FILE);
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    const file = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      writeSync(file, `${randomBytes(KEY_BYTES).toString("base64url")}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    try {
      // A link, unlike a rename, never takes the place of a key that is there.
      linkSync(draft, path);
    } catch (error) {
      if (!existsSync(path)) throw error;
    }
  } catch (error) {
    throw describeFileError(error, path);
  } finally {
    rmSync(draft, { force: true });
  }
  const keys = readKeys(folder);
  if (keys === undefined) {
    throw new ApplianceError({ code: "unavailable", message: `${path} was removed while it was made` });
  }
  return keys;
}
