import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { ApplianceError } from "../errors.ts";
import { APPLICATION_ID, DATABASE_FILE, KEY_CHECK } from "../local/database.ts";
import { KEY_FILE, type Keys, makeKeys } from "../local/keys.ts";
import { migrate, migrations, newest } from "../local/migrations.ts";
import { DatabaseSync } from "../local/sqlite.ts";
import { mintedValue, sealedValue } from "../local/token-values.ts";
import type { TransferOptions } from "./backup.ts";
import { boundTo, type ExportedSecrets, SECRETS_NAME, TABLES_FOLDER } from "./export.ts";
import { type ArchivedFile, type ArchiveHeader, damaged, readJson } from "./kinds.ts";
import { moveIn } from "./move-in.ts";
import { openWith, sealedText } from "./passphrase.ts";
import { CERTIFICATES_FOLDER } from "./places.ts";
import { readArchive } from "./read-archive.ts";
import { RowError, readRows } from "./rows.ts";
import { settle } from "./settle.ts";
import { withStaging } from "./staging.ts";
import { LEFT_OUT, SECRET_TABLES, tablesOf } from "./tables.ts";

/** What was taken in. */
export interface Imported {
  /** RFC 3339: the moment that the export is of. */
  readonly madeAt: string;
  /** False where the export was made without secrets: tokens have new values then, and so on. */
  readonly hasSecrets: boolean;
}

export interface ImportOptions extends TransferOptions {
  readonly who: string;
  /** Asked for the passphrase, where the export has secrets. */
  readonly passphrase: () => Promise<string>;
}

const secretsOf = z.strictObject({
  key: z.string(),
  certificates: z.record(z.string().regex(/^[a-z][a-z0-9-]*\.pem$/), z.string()),
}) satisfies z.ZodType<ExportedSecrets>;

/**
 * Takes an export into an appliance that is empty. All of it is checked and put together beside the appliance before
 * anything of the appliance is changed.
 *
 * @throws ApplianceError `conflict` where the appliance is not empty or in use, `invalid`, `newer-version`,
 *   `permission-denied` for a wrong passphrase
 */
export function importAppliance({ folder, path, now, who, passphrase }: ImportOptions): Promise<Imported> {
  return withStaging(folder, async (staging) => {
    const { header, files } = await readArchive(path, "export", staging);
    requireKnownSchema(header, path);
    const hasSecrets = header.secrets === "sealed";
    if (hasSecrets) await openSecrets(staging, path, files, passphrase);
    const keys = makeKeys(staging); // keeps the one that was in the export
    await fillDatabase(staging, path, header, files, keys, now);
    await settle(staging, path, { what: "import", who, madeAt: header.madeAt, now });
    await moveIn(staging, folder, "an export is taken into an empty appliance: give a new folder with --database");
    return { madeAt: header.madeAt, hasSecrets };
  });
}

function requireKnownSchema({ schema }: ArchiveHeader, path: string): void {
  if (schema <= newest(migrations)) return;
  throw new ApplianceError({
    code: "newer-version",
    message: `${path} is of an appliance of version ${schema}; this program knows ${newest(migrations)}`,
    hint: "use the newer version of this program that made it",
  });
}

async function openSecrets(
  staging: string,
  path: string,
  files: readonly ArchivedFile[],
  passphrase: () => Promise<string>,
): Promise<void> {
  if (!files.some(({ name }) => name === SECRETS_NAME)) throw damaged(path, `it has no ${SECRETS_NAME}`);
  const sealed = readJson(sealedText, readFileSync(join(staging, SECRETS_NAME), "utf8"), path, SECRETS_NAME);
  const tables = files.slice(
    0,
    files.findIndex(({ name }) => name === SECRETS_NAME),
  );
  const opened = await openWith(await passphrase(), sealed, boundTo(tables));
  const { key, certificates } = readJson(secretsOf, opened, path, SECRETS_NAME);
  writeFileSync(join(staging, KEY_FILE), key, { mode: 0o600, flag: "wx" });
  mkdirSync(join(staging, CERTIFICATES_FOLDER), { mode: 0o700 });
  for (const [name, text] of Object.entries(certificates))
    writeFileSync(join(staging, CERTIFICATES_FOLDER, name), text, { mode: 0o600, flag: "wx" });
}

async function fillDatabase(
  staging: string,
  path: string,
  { schema, secrets }: ArchiveHeader,
  files: readonly ArchivedFile[],
  keys: Keys,
  now: number,
): Promise<void> {
  rmSync(join(staging, DATABASE_FILE), { force: true });
  writeFileSync(join(staging, DATABASE_FILE), "", { mode: 0o600, flag: "wx" });
  const database = new DatabaseSync(join(staging, DATABASE_FILE), { enableForeignKeyConstraints: false });
  try {
    database.exec("BEGIN");
    // As it was where it comes from; what has changed since then the migrations change.
    const then = migrations.filter(({ number }) => number <= schema);
    migrate(database, 0, then);
    const without = (table: string) => table in LEFT_OUT || (secrets === "left out" && table in SECRET_TABLES);
    const expected = tablesOf(database).filter((table) => !without(table));
    const names = new Set(files.map(({ name }) => name));
    for (const table of expected) {
      const name = `${TABLES_FOLDER}/${table}.ndjson`;
      if (!names.delete(name)) throw damaged(path, `it has no ${name}`);
      await readRows(database, table, join(staging, name));
    }
    const unknown = [...names].find((name) => name.startsWith(`${TABLES_FOLDER}/`));
    if (unknown !== undefined) throw damaged(path, `there is no such table as ${unknown}`);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    const bind = database.prepare("INSERT INTO meta (key, value) VALUES (?, ?)");
    bind.run(KEY_CHECK, keys.fingerprint(KEY_CHECK, "meta"));
    if (secrets === "left out") giveNewValues(database, keys, now);
    database.exec("COMMIT");
  } catch (error) {
    if (error instanceof RowError) throw damaged(path, error.message, error);
    throw error;
  } finally {
    database.close();
  }
}

/** A token without a value would be none: what enrols by it from now on needs the new one. */
function giveNewValues(database: DatabaseSync, keys: Keys, now: number): void {
  const insert = database.prepare(
    "INSERT INTO token_values (fingerprint, token_id, sealed, valid_until, created_at) VALUES (?, ?, ?, NULL, ?)",
  );
  for (const { id } of database.prepare("SELECT id FROM tokens").all()) {
    const { fingerprint, sealed } = sealedValue(keys, String(id), mintedValue());
    insert.run(fingerprint, String(id), sealed, now);
  }
}
