import { X509Certificate } from "node:crypto";
import { constants } from "node:fs";
import { access, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { certificatesIn } from "../appliance/certificates/pem-file.ts";
import { UsageError } from "./session.ts";

const REASONS: Readonly<
  Record<string, { readonly is: (path: string, what: string) => string; readonly hint: string }>
> = {
  ENOENT: { is: (path, what) => `there is no ${what} ${path}`, hint: "check the path" },
  ENOTDIR: { is: (path, what) => `there is no ${what} ${path}`, hint: "check the path" },
  EISDIR: { is: (path) => `${path} is a folder`, hint: "give a file that is in it" },
  EACCES: { is: (path) => `${path} may not be read by this user`, hint: "run as a user who may, or let this one" },
};

/**
 * What is in a file that a command names.
 * @param word what names it: `--token-file`
 * @throws UsageError where it cannot be read, with the word and the repair
 */
export async function textIn(file: string, word: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw unreadable(error, file, word);
  }
}

/**
 * Looks that there is a file which can be read.
 * @throws UsageError as {@link textIn}
 */
export async function requireFile(file: string, word: string): Promise<void> {
  try {
    if (!(await stat(file)).isDirectory()) return await access(file, constants.R_OK);
  } catch (error) {
    throw unreadable(error, file, word);
  }
  throw unreadable(Object.assign(new Error(), { code: "EISDIR" }), file, word);
}

/**
 * Looks that there is a folder for a file that is to be made.
 * @throws UsageError with the word and the repair
 */
export async function requireFolderOf(file: string, word: string): Promise<void> {
  const folder = dirname(file);
  const found = await stat(folder).catch((error: unknown) => {
    throw unreadable(error, folder, word, "folder");
  });
  if (!found.isDirectory()) throw new UsageError(`${word}: ${folder} is no folder`, "check the path");
}

/**
 * The certificates in a PEM file.
 * @throws UsageError as {@link textIn}, and for a file without one
 */
export async function certificatesFrom(file: string, word: string): Promise<string> {
  const text = await textIn(file, word);
  const found = certificatesIn(text);
  if (found.length > 0 && found.every(isCertificate)) return text;
  throw new UsageError(
    `${word}: ${file} holds ${found.length > 0 ? "a certificate that is damaged" : "no certificate"}`,
    'give a PEM file: it has a line "-----BEGIN CERTIFICATE-----"',
  );
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false; // whatever it is, it is no certificate
  }
}

function unreadable(error: unknown, file: string, word: string, what = "file"): unknown {
  if (!(error instanceof Error && "code" in error && typeof error.code === "string")) return error;
  const reason = REASONS[error.code];
  return reason === undefined
    ? new UsageError(`${word}: ${file} cannot be read (${error.code})`)
    : new UsageError(`${word}: ${reason.is(file, what)}`, reason.hint);
}
