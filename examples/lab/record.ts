import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { isCode, LabError } from "./error.ts";
import { LABS_FOLDER, type LabNames } from "./names.ts";
import { LAB_KEY_NAMES } from "./spec.ts";

const hostKey = z.object({ type: z.string(), publicLine: z.string(), fingerprint: z.string() });
const hostKeyType = z.enum(["ed25519", "ecdsa", "rsa"]);

const user = z.object({
  name: z.string(),
  password: z.string().exactOptional(),
  sudo: z.enum(["none", "nopasswd", "password"]).exactOptional(),
  authorizedKeys: z.array(z.string()).readonly().exactOptional(),
});

const host = z.object({
  name: z.string(),
  kind: z.enum(["systemd", "light"]),
  family: z.enum(["debian", "rpm"]).exactOptional(),
  users: z.array(user).readonly().exactOptional(),
  rootAuthorizedKeys: z.array(z.string()).readonly().exactOptional(),
  rootPassword: z.string().exactOptional(),
  sshd: z.enum(["normal", "keys-only", "no-password-kbdint", "silent", "banner-then-silent", "none"]).exactOptional(),
  sshdConfig: z.string().exactOptional(),
  sshPort: z.int().exactOptional(),
  hostKeyTypes: z.array(hostKeyType).readonly().exactOptional(),
  firewall: z.enum(["none", "drop-ssh", "cut-off"]).exactOptional(),
  smallDiskBytes: z.int().exactOptional(),
  behind: z.string().exactOptional(),
  without: z.array(z.string()).readonly().exactOptional(),
});

const key = z.object({
  path: z.string(),
  privateKey: z.string(),
  publicLine: z.string(),
  passphrase: z.string().exactOptional(),
});

/** A lab as its file describes it; the file and its folder are root's alone. */
const record = z.object({
  prefix: z.string(),
  subnet: z.string(),
  /** Who brought it up: while that process lives, no other may take the lab over. */
  owner: z.object({ pid: z.int(), start: z.string() }),
  ready: z.boolean(),
  base: z.string(),
  keys: z.record(z.enum(LAB_KEY_NAMES), key),
  hosts: z.array(z.object({ spec: host, hostKeys: z.array(hostKey).readonly() })),
});
export type LabRecord = z.output<typeof record>;

function fileOf(folder: string): string {
  return join(folder, "lab.json");
}

/** @throws LabError where the file is not what a lab writes */
export async function readRecord(names: Pick<LabNames, "folder">): Promise<LabRecord | undefined> {
  let text: string;
  try {
    text = await readFile(fileOf(names.folder), "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
  const parsed = record.safeParse(jsonOf(text));
  if (!parsed.success)
    throw new LabError(`${fileOf(names.folder)} is damaged or of another version: take the lab down`);
  return parsed.data;
}

/** `undefined` where it is none, which no record is. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Writes the record whole or not at all. */
export async function writeRecord(names: LabNames, value: LabRecord): Promise<void> {
  const file = fileOf(names.folder);
  await writeFile(`${file}.new`, JSON.stringify(value, undefined, 2), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** The prefixes of the labs that have a folder here. */
export async function knownPrefixes(): Promise<string[]> {
  try {
    const entries = await readdir(LABS_FOLDER, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if (isCode(error, "ENOENT")) return [];
    throw error;
  }
}
