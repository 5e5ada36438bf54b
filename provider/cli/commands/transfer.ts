import { resolve } from "node:path";
import { thisUser } from "../../appliance/local/this-user.ts";
import { backUpAppliance } from "../../appliance/transfer/backup.ts";
import { exportAppliance } from "../../appliance/transfer/export.ts";
import { importAppliance } from "../../appliance/transfer/import.ts";
import { restoreAppliance } from "../../appliance/transfer/restore.ts";
import { SECRET_TABLES } from "../../appliance/transfer/tables.ts";
import type { Terminal } from "../output.ts";
import { type AskSecret, passphraseFrom } from "../passphrase.ts";
import { type ExitCode, UsageError } from "../session.ts";
import { requireFile, requireFolderOf } from "../text-file.ts";

/** What names the archive. */
const FILE = { backup: "the backup", export: "the export" } as const;

/** What these commands work with: the folder of an appliance, and whoever called them. */
export interface TransferSession {
  readonly folder: string;
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly askSecret: AskSecret | undefined;
}

/** How the passphrase of an export is given. */
export interface PassphraseArguments {
  readonly passphraseFile?: string;
  /** Only when exporting. */
  readonly withoutSecrets?: boolean;
}

export async function backup({ folder, terminal, json }: TransferSession, file: string): Promise<ExitCode> {
  const path = resolve(file);
  await requireFolderOf(path, FILE.backup);
  const { missing } = await backUpAppliance({ folder, path, now: Date.now() });
  if (json) terminal.out(JSON.stringify({ file: path, missing }, undefined, 2));
  else terminal.err(`wrote ${path}: keep it as safe as the appliance, its secrets are in it as they are`);
  sayMissing(terminal, missing);
  return 0;
}

export async function restore({ folder, terminal, json }: TransferSession, file: string): Promise<ExitCode> {
  await requireFile(file, FILE.backup);
  const restored = await restoreAppliance({ folder, path: resolve(file), now: Date.now(), who: thisUser() });
  if (json) terminal.out(JSON.stringify(restored, undefined, 2));
  else terminal.err(`the appliance in ${folder} is as it was at ${restored.madeAt}`);
  if (restored.how === "again") terminal.err("what it was before is in its folder `backups`; its certificates stay");
  return 0;
}

export async function exportTo(
  { folder, terminal, json, askSecret }: TransferSession,
  file: string,
  { passphraseFile, withoutSecrets = false }: PassphraseArguments,
): Promise<ExitCode> {
  if (withoutSecrets && passphraseFile !== undefined)
    throw new UsageError("--without-secrets needs no passphrase", "leave out one of both");
  const path = resolve(file);
  await requireFolderOf(path, FILE.export);
  const passphrase = withoutSecrets ? undefined : await passphraseFrom(passphraseFile, askSecret, { twice: true });
  const { missing } = await exportAppliance({ folder, path, now: Date.now(), passphrase });
  if (json) terminal.out(JSON.stringify({ file: path, secrets: !withoutSecrets, missing }, undefined, 2));
  else terminal.err(`wrote ${path}`);
  if (withoutSecrets) sayLeftOut(terminal);
  sayMissing(terminal, missing);
  return 0;
}

export async function importFrom(
  { folder, terminal, json, askSecret }: TransferSession,
  file: string,
  { passphraseFile }: PassphraseArguments,
): Promise<ExitCode> {
  await requireFile(file, FILE.export);
  const imported = await importAppliance({
    folder,
    path: resolve(file),
    now: Date.now(),
    who: thisUser(),
    passphrase: () => passphraseFrom(passphraseFile, askSecret, { twice: false }),
  });
  if (json) terminal.out(JSON.stringify(imported, undefined, 2));
  else terminal.err(`the appliance in ${folder} is as the exported one was at ${imported.madeAt}`);
  if (!imported.hasSecrets) sayLeftOut(terminal);
  return 0;
}

function sayLeftOut(terminal: Terminal): void {
  terminal.err("without secrets, and so without:");
  for (const what of Object.values(SECRET_TABLES)) terminal.err(`  ${what}`);
  terminal.err("  the authority of the server's certificate; `pulumi up` gives agents the new one");
}

function sayMissing(terminal: Terminal, missing: readonly string[]): void {
  for (const sha256 of missing) terminal.err(`the appliance has lost the package with SHA-256 ${sha256}`);
}
