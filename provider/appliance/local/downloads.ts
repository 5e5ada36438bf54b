import type { Selectable } from "kysely";
import type { PackageFile } from "../operations/bundles.ts";
import type { Download } from "../operations/updates.ts";
import { bundleRows, claimedPackage } from "./bundles.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { changesBetween, moment, momentOrNone, newId, recordChanges, type Transaction } from "./transaction.ts";

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

/** @param organization whose bundle is told with it */
export function describeDownload(tx: Transaction, row: DownloadRow, organization?: string): Download {
  const bundle =
    organization === undefined
      ? undefined
      : tx.queries.first(
          bundleRows().where("organization", "=", organization).where("download_id", "=", row.id).orderBy("id"),
        );
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    flavour: row.flavour,
    fileName: row.file_name,
    sha256: row.archive_sha256,
    packages: packagesOfDownload(tx, row.id),
    downloadedAt: moment(row.downloaded_at),
    bundleId: bundle?.id,
    loadedAt: momentOrNone(bundle?.loaded_at ?? null),
  };
}

/** What somebody says of a download. */
export type NewDownload = Pick<Download, "name" | "version" | "flavour" | "fileName" | "sha256" | "packages">;

/** Keeps a download with its packages; one of the same archive is here already. */
export function keepDownload(tx: Transaction, { fileName, sha256, packages, ...settings }: NewDownload): DownloadRow {
  const known = tx.queries.first(downloadRows().where("archive_sha256", "=", sha256));
  if (known !== undefined) return known;
  const row: DownloadRow = {
    id: newId(tx, "download"),
    ...settings,
    file_name: fileName,
    archive_sha256: sha256,
    downloaded_at: tx.now,
  };
  tx.queries.run(build.insertInto("downloads").values(row));
  for (const [position, item] of packages.entries()) {
    const kept = { download_id: row.id, ...claimedPackage(tx, item, position) };
    tx.queries.run(build.insertInto("download_packages").values(kept));
  }
  recordChanges(tx, subjectOf(row), changesBetween({}, shown(row)));
  return row;
}

/** Forgets a download; its packages stay as long as a bundle has them. */
export function forgetDownload(tx: Transaction, row: DownloadRow): void {
  tx.queries.run(build.deleteFrom("downloads").where("id", "=", row.id));
  recordChanges(tx, subjectOf(row), changesBetween(shown(row), {}));
}

function subjectOf({ id, name }: DownloadRow) {
  return { subject: `download:${id}`, subjectName: name };
}

function shown({ name, version, flavour, file_name, archive_sha256 }: DownloadRow) {
  return { name, version, flavour, fileName: file_name, sha256: archive_sha256 };
}
