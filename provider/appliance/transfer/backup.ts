import { readdirSync } from "node:fs";
import { join } from "node:path";
import { PRODUCT_VERSION } from "../http.ts";
import { DATABASE_FILE } from "../local/database.ts";
import { KEY_FILE } from "../local/keys.ts";
import { ARCHIVE_FORMAT } from "./kinds.ts";
import { CERTIFICATES_FOLDER, PACKAGES_FOLDER } from "./places.ts";
import { requireAppliance, type Snapshot, takeSnapshot } from "./snapshot.ts";
import { withStaging } from "./staging.ts";
import { type Put, writeArchive } from "./write-archive.ts";

/** What the commands of this room work on. */
export interface TransferOptions {
  /** The folder of the appliance. */
  readonly folder: string;
  /** The archive. */
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Writes a backup of an appliance, while whatever serves it goes on: everything of one moment, in one file that is
 * readable by its owner only, since the key is in it as it is.
 *
 * @throws ApplianceError `not-found`, `conflict` where the file is there already, `disk-full`, `permission-denied`
 * @example await backUpAppliance({ folder, path: "/backup/kace.backup", now: Date.now() });
 */
export async function backUpAppliance({ folder, path, now }: TransferOptions): Promise<Snapshot> {
  requireAppliance(folder);
  return withStaging(folder, async (staging) => {
    const snapshot = await takeSnapshot(folder, staging);
    const header = {
      kind: "backup",
      format: ARCHIVE_FORMAT,
      madeAt: new Date(now).toISOString(),
      program: PRODUCT_VERSION,
      schema: snapshot.schema,
      secrets: "plain",
    } as const;
    await writeArchive(path, header, async (put) => {
      await put(DATABASE_FILE, { file: join(staging, DATABASE_FILE) });
      await put(KEY_FILE, { file: join(staging, KEY_FILE) });
      await putFolder(put, staging, CERTIFICATES_FOLDER);
      await putFolder(put, staging, PACKAGES_FOLDER);
    });
    return snapshot;
  });
}

/** Puts the files of a folder, by name. */
export async function putFolder(put: Put, staging: string, folder: string): Promise<void> {
  for (const name of readdirSync(join(staging, folder)).sort())
    await put(`${folder}/${name}`, { file: join(staging, folder, name) });
}
