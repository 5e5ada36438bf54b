import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PRODUCT_VERSION } from "../http.ts";
import { DATABASE_FILE, KEY_CHECK } from "../local/database.ts";
import { KEY_FILE } from "../local/keys.ts";
import { DatabaseSync } from "../local/sqlite.ts";
import { putFolder, type TransferOptions } from "./backup.ts";
import { ARCHIVE_FORMAT, type ArchivedFile, type ArchiveHeader } from "./kinds.ts";
import { sealWith } from "./passphrase.ts";
import { CERTIFICATES_FOLDER, PACKAGES_FOLDER } from "./places.ts";
import { writeRows } from "./rows.ts";
import { requireAppliance, type Snapshot, takeSnapshot } from "./snapshot.ts";
import { withStaging } from "./staging.ts";
import { LEFT_OUT, SECRET_COLUMNS, SECRET_TABLES, tablesOf } from "./tables.ts";
import { writeArchive } from "./write-archive.ts";

export const SECRETS_NAME = "secrets.json";
export const TABLES_FOLDER = "tables";

/** The secrets of an appliance, as they are sealed. */
export interface ExportedSecrets {
  /** The text of the key's file: with it the secrets in the tables can be read. */
  readonly key: string;
  /** The certificates and their keys, by the names of their files. */
  readonly certificates: Readonly<Record<string, string>>;
}

/**
 * Writes all of an appliance in a form that another one of the same or a later version takes in: tables as lines of JSON,
 * packages as they are, secrets sealed by a passphrase or left out.
 *
 * @param passphrase undefined leaves secrets out
 * @throws ApplianceError as {@link backUpAppliance}, and `invalid` for a passphrase that is too short
 * @example await exportAppliance({ folder, path: "kace.export", now: Date.now(), passphrase });
 */
export async function exportAppliance({
  folder,
  path,
  now,
  passphrase,
}: TransferOptions & { readonly passphrase: string | undefined }): Promise<Snapshot> {
  requireAppliance(folder);
  return withStaging(folder, async (staging) => {
    const snapshot = await takeSnapshot(folder, staging);
    await writeTables(staging, passphrase !== undefined);
    const header: ArchiveHeader = {
      kind: "export",
      format: ARCHIVE_FORMAT,
      madeAt: new Date(now).toISOString(),
      program: PRODUCT_VERSION,
      schema: snapshot.schema,
      secrets: passphrase === undefined ? "left out" : "sealed",
    };
    await writeArchive(path, header, async (put) => {
      let files: readonly ArchivedFile[] = [];
      await putFolder(
        async (name, content) => {
          files = await put(name, content);
          return files;
        },
        staging,
        TABLES_FOLDER,
      );
      if (passphrase !== undefined) {
        const sealed = await sealWith(passphrase, JSON.stringify(secretsIn(staging)), boundTo(files));
        await put(SECRETS_NAME, { text: `${JSON.stringify(sealed, undefined, 2)}\n` });
      }
      await putFolder(put, staging, PACKAGES_FOLDER);
    });
    return snapshot;
  });
}

/** What the secrets of an export belong to: with other tables they do not open, so that nobody can change those. */
export function boundTo(files: readonly ArchivedFile[]): string {
  const lines = files.map(({ name, sha256 }) => `${sha256} ${name}\n`);
  return createHash("sha256").update(lines.join("")).digest("hex");
}

async function writeTables(staging: string, withSecrets: boolean): Promise<void> {
  mkdirSync(join(staging, TABLES_FOLDER), { mode: 0o700 });
  const database = new DatabaseSync(join(staging, DATABASE_FILE), { readOnly: true });
  try {
    for (const table of tablesOf(database)) {
      if (table in LEFT_OUT || (!withSecrets && table in SECRET_TABLES)) continue;
      const without = withSecrets ? [] : (SECRET_COLUMNS[table] ?? []);
      const where = table === "meta" ? `key <> '${KEY_CHECK}'` : "true";
      await writeRows(database, table, join(staging, TABLES_FOLDER, `${table}.ndjson`), { without, where });
    }
  } finally {
    database.close();
  }
}

function secretsIn(staging: string): ExportedSecrets {
  const folder = join(staging, CERTIFICATES_FOLDER);
  const certificates = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]);
  return { key: readFileSync(join(staging, KEY_FILE), "utf8"), certificates: Object.fromEntries(certificates) };
}
