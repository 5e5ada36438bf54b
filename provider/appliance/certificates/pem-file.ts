import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { link, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { CertificateError } from "./errors.ts";
import type { KeyPair } from "./issue.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const KEY = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[\s\S]+?-----END (?:[A-Z]+ )?PRIVATE KEY-----/;

/** The certificates in a PEM text, in their order. */
export function certificatesIn(text: string): string[] {
  return text.match(CERTIFICATE) ?? [];
}

/**
 * A key pair that lives in one file, so that no reader ever sees a certificate with the key of another.
 * @returns undefined if there is no such file
 * @throws CertificateError `unreadable` or `wrong-key`, naming the file
 */
export async function readPair(path: string): Promise<KeyPair | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  const damaged = {
    code: "unreadable",
    message: `${path} is damaged: it should hold a certificate and its private key`,
    hint: "restore it from a backup, or remove it: a new one is made at the next start",
  } as const;
  const [certificate] = certificatesIn(text);
  const [key] = KEY.exec(text) ?? [];
  if (certificate === undefined || key === undefined) throw new CertificateError(damaged);
  try {
    if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
      return { certificate: `${certificate}\n`, key: `${key}\n` };
    }
  } catch (error) {
    throw new CertificateError({ ...damaged, cause: error });
  }
  throw new CertificateError({ ...damaged, code: "wrong-key", message: `${path} holds a key of another certificate` });
}

/** @returns undefined if there is no such file */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new CertificateError({
      code: "unreadable",
      message: `${path} cannot be read (${codeOf(error) ?? "unknown error"})`,
      hint: "let the user that runs the server read it",
      cause: error,
    });
  }
}

/** Writes a file whole or not at all, in place of the one that is there. */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const beside = await writeBeside(path, text, mode);
  try {
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw unwritable(path, error);
  }
}

/**
 * Writes a file whole, unless there is one: of several processes that try at once, exactly one succeeds.
 * @returns whether this call made it
 */
export async function createFile(path: string, text: string, mode: number): Promise<boolean> {
  const beside = await writeBeside(path, text, mode);
  try {
    await link(beside, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw unwritable(path, error);
  } finally {
    await rm(beside, { force: true });
  }
}

/** Puts a file in the place of another, whole. @returns false where it is gone: another process was faster */
export async function moveFile(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw unwritable(to, error);
  }
}

/** Removes a file; one that is not there is no error. */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw unwritable(path, error);
  }
}

async function writeBeside(path: string, text: string, mode: number): Promise<string> {
  const beside = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(beside, "wx", mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    return beside;
  } catch (error) {
    await rm(beside, { force: true });
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): CertificateError {
  return new CertificateError({
    code: "unreadable",
    message: `${path} cannot be written (${codeOf(error) ?? "unknown error"})`,
    hint: "let the user that runs the server write its data folder, and see that the disk is not full",
    cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
