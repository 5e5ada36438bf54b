import { sameVersion } from "../../agent/versions.ts";
import { ApplianceError } from "../errors.ts";
import type { Bundle, loadingOperations } from "../operations/bundles.ts";
import { requireUnusedBundle, usesOfBundle } from "./bundle-uses.ts";
import {
  type BundleRow,
  bundleRows,
  describeBundle,
  noBundle,
  shownBundle,
  subjectOfBundle,
  writePackages,
} from "./bundles.ts";
import { type DownloadRow, downloadRows, packagesOfDownload } from "./downloads.ts";
import type { HandlersOf } from "./handlers.ts";
import { build } from "./query.ts";
import { changesBetween, newId, recordChanges, type Transaction } from "./transaction.ts";
import { policyUsesOfBundle } from "./update-policy-uses.ts";

export const loadingHandlers: HandlersOf<typeof loadingOperations> = {
  loadBundle(tx, { organization, id, version }) {
    const found = wanted(tx, organization, { id, version });
    const row = "download" in found ? takeOver(tx, organization, found.download) : found.bundle;
    return row.loaded_at === null ? setLoaded(tx, row, tx.now) : describeBundle(tx, row);
  },

  unloadBundle(tx, { organization, id }) {
    const row = tx.queries.first(bundleRows().where("id", "=", id).where("organization", "=", organization));
    if (row === undefined) throw noBundle(id);
    if (row.loaded_at === null) return describeBundle(tx, row);
    requireUnusedBundle(tx, row, "unloaded");
    return setLoaded(tx, row, null);
  },

  getBundleUses(tx, { id, packages }) {
    const row = tx.queries.first(bundleRows().where("id", "=", id));
    if (row === undefined) throw noBundle(id);
    // What is not loaded is given to nobody, whatever packages it has.
    if (packages !== undefined && row.loaded_at === null) return { uses: [] };
    return { uses: [...(packages === undefined ? usesOfBundle(tx, row) : policyUsesOfBundle(tx, row, packages))] };
  },
};

function setLoaded(tx: Transaction, before: BundleRow, loadedAt: number | null): Bundle {
  const change = { loaded_at: loadedAt, updated_at: tx.now };
  tx.queries.run(build.updateTable("bundles").set(change).where("id", "=", before.id));
  const [from, to] = [describeBundle(tx, before), describeBundle(tx, { ...before, ...change })];
  recordChanges(tx, subjectOfBundle(to.id, to.name), changesBetween(shownBundle(from), shownBundle(to)));
  return to;
}

/** What somebody means who wants something loaded: a bundle that is here, or a download that none has been made of. */
type Wanted = { readonly bundle: BundleRow } | { readonly download: DownloadRow };

function wanted(
  tx: Transaction,
  organization: string,
  { id, version }: { readonly id: string | undefined; readonly version: string | undefined },
): Wanted {
  if ((id === undefined) === (version === undefined)) {
    throw new ApplianceError({ code: "invalid", message: "loadBundle: expected either `id` or `version`" });
  }
  const own = tx.queries.all(bundleRows().where("organization", "=", organization).orderBy("id"));
  const fresh = tx.queries
    .all(downloadRows())
    .filter((download) => !own.some((bundle) => bundle.download_id === download.id));
  const isWanted = (one: { readonly id: string; readonly version: string; readonly download_id?: string | null }) =>
    version === undefined ? one.id === id || one.download_id === id : sameVersion(one.version, version);
  const [only, another] = [
    ...own.filter(isWanted).map((bundle) => ({ bundle })),
    ...fresh.filter(isWanted).map((download) => ({ download })),
  ];
  if (only === undefined) throw id === undefined ? noVersion(version) : noBundle(id);
  if (another === undefined) return only;
  const names = [only, another].map((one) => ("bundle" in one ? one.bundle : one.download));
  throw new ApplianceError({
    code: "conflict",
    message: `version ${version} may be ${names.map((one) => `"${one.name}" (${one.id})`).join(" or ")}`,
    hint: "name the one that is meant by its id",
  });
}

function noVersion(version: string | undefined): ApplianceError {
  return new ApplianceError({
    code: "not-found",
    message: `there is no bundle of version ${version}, neither uploaded nor downloaded`,
    hint: "`kace bundle list` shows those there are",
  });
}

function takeOver(tx: Transaction, organization: string, download: DownloadRow): BundleRow {
  const row: BundleRow = {
    id: newId(tx, "bundle"),
    organization,
    name: freeName(tx, organization, download.name),
    urn: null,
    version: download.version,
    flavour: download.flavour,
    created_at: tx.now,
    updated_at: tx.now,
    loaded_at: null,
    downloaded_at: download.downloaded_at,
    download_id: download.id,
    content_at: download.downloaded_at,
  };
  tx.queries.run(build.insertInto("bundles").values(row));
  writePackages(tx, row.id, packagesOfDownload(tx, download.id));
  return row;
}

/** A name for what nobody has named: that of the download, or with a number where another bundle has it. */
function freeName(tx: Transaction, organization: string, name: string): string {
  const taken = new Set(
    tx.queries.all(bundleRows().where("organization", "=", organization)).map((bundle) => bundle.name),
  );
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name} (${number})`;
  return free;
}
