import type { Selectable } from "kysely";
import type { PackageFile } from "../operations/bundles.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import type { Transaction } from "./transaction.ts";

export type DownloadRow = Selectable<Tables["downloads"]>;

/** What the source of updates has brought, the oldest first. */
export function downloadRows() {
  return build.selectFrom("downloads").selectAll().orderBy("downloaded_at").orderBy("id");
}

export function packagesOfDownload(tx: Transaction, downloadId: string): PackageFile[] {
  const query = build
    .selectFrom("download_packages")
    .selectAll()
    .where("download_id", "=", downloadId)
    .orderBy("position");
  return tx.queries.all(query).map((row) => ({
    fileName: row.file_name,
    platform: row.platform,
    architecture: row.architecture,
    format: row.format,
    version: row.version,
    sha256: row.sha256,
    sizeBytes: row.size_bytes,
  }));
}
