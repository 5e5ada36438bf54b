import type { Selectable } from "kysely";
import { ApplianceError } from "../errors.ts";
import type { Bundle, bundleOperations, PackageFile } from "../operations/bundles.ts";
import { requireUnusedBundle } from "./bundle-uses.ts";
import type { HandlersOf } from "./handlers.ts";
import { leaveBehind } from "./left-behind.ts";
import { page, textAt } from "./paging.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { changesBetween, moment, momentOrNone, newId, recordChanges, type Transaction } from "./transaction.ts";

export type BundleRow = Selectable<Tables["bundles"]>;

/** How long content that no bundle has asked for yet waits for one. */
const UNCLAIMED_KEPT_MS = 3_600_000;

/** All bundles there are, to be narrowed down. */
export function bundleRows() {
  return build.selectFrom("bundles").selectAll();
}

function packagesOf(tx: Transaction, bundleId: string): PackageFile[] {
  const query = build.selectFrom("bundle_packages").selectAll().where("bundle_id", "=", bundleId).orderBy("position");
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

/** A row as answers have it. */
export function describeBundle(tx: Transaction, row: BundleRow): Bundle {
  return {
    id: row.id,
    organization: row.organization,
    name: row.name,
    urn: row.urn ?? undefined,
    version: row.version,
    flavour: row.flavour,
    packages: packagesOf(tx, row.id),
    createdAt: moment(row.created_at),
    updatedAt: moment(row.updated_at),
    downloadedAt: momentOrNone(row.downloaded_at),
    loadedAt: momentOrNone(row.loaded_at),
  };
}

/** What the history says of a bundle. */
export function shownBundle(bundle: Pick<Bundle, "name" | "version" | "flavour" | "packages" | "loadedAt">) {
  const packages = bundle.packages.map(({ fileName, sha256 }) => `${fileName} ${sha256}`).join(", ");
  const { name, version, flavour, loadedAt } = bundle;
  return { name, version, flavour, packages, loaded: loadedAt !== undefined };
}

/** Whom the history's entries about a bundle are about. */
export function subjectOfBundle(id: string, name: string) {
  return { subject: `bundle:${id}`, subjectName: name };
}

function requireFreeName(tx: Transaction, organization: string, name: string, id: string): void {
  const other = tx.queries.first(
    bundleRows().where("organization", "=", organization).where("name", "=", name).where("id", "<>", id),
  );
  if (other === undefined) return;
  throw new ApplianceError({
    code: "conflict",
    message: `there is already a bundle "${name}" in organization "${organization}" (${other.id})`,
    hint: "import that one, or choose another name",
  });
}

/** Requires that the content of a package is here. @throws ApplianceError `invalid` */
function requireContent(tx: Transaction, { fileName, sha256, sizeBytes }: PackageFile): void {
  const known = tx.queries.first(
    build.selectFrom("package_contents").select("size_bytes").where("sha256", "=", sha256),
  );
  const present = tx.packages.sizeOf(sha256);
  if (known !== undefined && present === sizeBytes && known.size_bytes === sizeBytes) return;
  throw new ApplianceError({
    code: "invalid",
    message:
      known === undefined || present === undefined
        ? `the content of ${fileName} is not on this appliance yet`
        : `${fileName} is said to be ${sizeBytes} bytes long, but the content with its SHA-256 has ${present}`,
    hint: "put the content of every package before the bundle is saved",
  });
}

/** A package as rows keep it, whose content is something's from now on. @throws ApplianceError `invalid` where it is not here */
export function claimedPackage(tx: Transaction, item: PackageFile, position: number) {
  requireContent(tx, item);
  tx.queries.run(build.updateTable("package_contents").set({ claimed: 1 }).where("sha256", "=", item.sha256));
  const { platform, architecture, format, version, sha256 } = item;
  const { fileName: file_name, sizeBytes: size_bytes } = item;
  return { position, file_name, platform, architecture, format, version, sha256, size_bytes };
}

/** Gives a bundle its packages. @throws ApplianceError `invalid` for one whose content is not here */
export function writePackages(tx: Transaction, bundleId: string, packages: readonly PackageFile[]): void {
  tx.queries.run(build.deleteFrom("bundle_packages").where("bundle_id", "=", bundleId));
  for (const [position, item] of packages.entries()) {
    const row = { bundle_id: bundleId, ...claimedPackage(tx, item, position) };
    tx.queries.run(build.insertInto("bundle_packages").values(row));
  }
}

/**
 * Removes the content of packages that no bundle and no download has. A step of its own, after the one that made it garbage has been
 * committed: files cannot be rolled back. A file that cannot be removed keeps its row and is tried again next time.
 */
export function collectGarbage(tx: Transaction): void {
  const garbage = tx.queries.all(
    build
      .selectFrom("package_contents")
      .select("sha256")
      .where((eb) => eb.or([eb("claimed", "=", 1), eb("put_at", "<", tx.now - UNCLAIMED_KEPT_MS)]))
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom("bundle_packages")
              .select("position")
              .whereRef("bundle_packages.sha256", "=", "package_contents.sha256"),
          ),
        ),
      )
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom("download_packages")
              .select("position")
              .whereRef("download_packages.sha256", "=", "package_contents.sha256"),
          ),
        ),
      ),
  );
  for (const { sha256 } of garbage) {
    tx.packages.remove(sha256);
    tx.queries.run(build.deleteFrom("package_owners").where("sha256", "=", sha256));
    tx.queries.run(build.deleteFrom("package_contents").where("sha256", "=", sha256));
  }
  tx.packages.removeOldDrafts(tx.now);
}

/** Whether a content is here that the caller may see. */
export function hasContent(tx: Transaction, sha256: string): boolean {
  const query = build.selectFrom("package_contents").select("sha256").where("sha256", "=", sha256);
  return tx.queries.first(query) !== undefined;
}

/** Records that the content of a package has been put, so that it waits for its bundle; what was here already is no change. */
export function recordContent(tx: Transaction, sha256: string, sizeBytes: number): void {
  if (tx.packages.sizeOf(sha256) !== sizeBytes) {
    throw new ApplianceError({
      code: "unavailable",
      message: "the content was removed while it was put: put it again",
    });
  }
  const isNew = !hasContent(tx, sha256);
  if (tx.within !== undefined) {
    const owner = { organization: tx.within, sha256 };
    tx.queries.run(
      build
        .insertInto("package_owners")
        .values(owner)
        .onConflict((conflict) => conflict.doNothing()),
    );
  }
  const values = { size_bytes: sizeBytes, put_at: tx.now, claimed: 0 };
  tx.queries.run(
    build
      .insertInto("package_contents")
      .values({ sha256, ...values })
      .onConflict((conflict) => conflict.column("sha256").doUpdateSet(values)),
  );
  const subject = { subject: `package:${sha256}`, subjectName: `package ${sha256.slice(0, 12)}` };
  if (isNew) recordChanges(tx, subject, changesBetween({}, { sizeBytes }));
}

/** The bundle of a resource; one that its URN had in another organization is left behind there. */
function withUrn(tx: Transaction, organization: string, urn: string | undefined): BundleRow | undefined {
  if (urn === undefined) return undefined;
  const found = tx.queries.first(bundleRows().where("urn", "=", urn));
  if (found === undefined || found.organization === organization) return found;
  leaveBehind(tx, "bundle", found);
  return undefined;
}

export const bundleHandlers: HandlersOf<typeof bundleOperations> = {
  saveBundle(tx, { organization, id: givenId, urn, packages, loaded, ...settings }) {
    const byId = givenId === undefined ? undefined : tx.queries.first(bundleRows().where("id", "=", givenId));
    if (givenId !== undefined && byId === undefined) throw noBundle(givenId);
    const existing = byId ?? withUrn(tx, organization, urn);
    if (existing !== undefined && existing.organization !== organization) {
      throw new ApplianceError({
        code: "conflict",
        message: `this bundle exists in organization "${existing.organization}" (${existing.id})`,
        hint: "delete it there first: a bundle does not move between organizations",
      });
    }
    const id = existing?.id ?? newId(tx, "bundle");
    requireFreeName(tx, organization, settings.name, id);
    const before = existing === undefined ? {} : shownBundle(describeBundle(tx, existing));
    const loadedAt = loadedSince(tx, existing, loaded);
    const after = { ...settings, packages, loadedAt: momentOrNone(loadedAt) };
    const changes = changesBetween(before, shownBundle(after));
    const isOther = existing === undefined || changes.some(({ property }) => property === "packages");
    const row = {
      id,
      organization,
      urn: urn ?? existing?.urn ?? null,
      ...settings,
      created_at: existing?.created_at ?? tx.now,
      updated_at: changes.length > 0 || existing === undefined ? tx.now : existing.updated_at,
      // Other packages are loaded since now.
      loaded_at: isOther && loadedAt !== null ? tx.now : loadedAt,
      downloaded_at: existing?.downloaded_at ?? null,
      download_id: existing?.download_id ?? null,
      content_at: isOther ? tx.now : existing.content_at,
    };
    tx.queries.run(
      build
        .insertInto("bundles")
        .values(row)
        .onConflict((conflict) => conflict.column("id").doUpdateSet(row)),
    );
    writePackages(tx, id, packages);
    recordChanges(tx, subjectOfBundle(id, settings.name), changes);
    return describeBundle(tx, row);
  },

  getBundle(tx, { id }) {
    const row = tx.queries.first(bundleRows().where("id", "=", id));
    if (row === undefined) throw noBundle(id);
    return describeBundle(tx, row);
  },

  findBundleByName(tx, { organization, name }) {
    const row = tx.queries.first(bundleRows().where("organization", "=", organization).where("name", "=", name));
    return row === undefined ? null : describeBundle(tx, row);
  },

  listBundles(tx, { organization, loaded, limit, after }) {
    let query = bundleRows()
      .where("organization", "=", organization)
      .orderBy("name")
      .limit(limit + 1);
    if (loaded !== undefined) query = query.where("loaded_at", loaded ? "is not" : "is", null);
    if (after !== undefined) query = query.where("name", ">", textAt(after, 0));
    const { items, next } = page(
      tx.queries.all(query),
      limit,
      (row) => [row.name],
      (row) => describeBundle(tx, row),
    );
    return { bundles: items, next };
  },

  deleteBundle(tx, { id }) {
    const row = tx.queries.first(bundleRows().where("id", "=", id));
    if (row === undefined) return { deleted: false };
    requireUnusedBundle(tx, row, "deleted");
    const before = shownBundle(describeBundle(tx, row));
    tx.queries.run(build.deleteFrom("bundles").where("id", "=", id));
    recordChanges(tx, subjectOfBundle(id, row.name), changesBetween(before, {}));
    return { deleted: true };
  },

  hasPackage(tx, { sha256 }) {
    const known = tx.queries.first(
      build.selectFrom("package_contents").select("size_bytes").where("sha256", "=", sha256),
    );
    const present = known !== undefined && tx.packages.sizeOf(sha256) === known.size_bytes;
    return present ? { present, sizeBytes: known.size_bytes } : { present };
  },
};

/** Since when a bundle that is saved is loaded; null where it is not. */
function loadedSince(tx: Transaction, existing: BundleRow | undefined, loaded: boolean | undefined): number | null {
  if (loaded === undefined && existing !== undefined) return existing.loaded_at;
  if (loaded === false) {
    if (existing !== undefined && existing.loaded_at !== null) requireUnusedBundle(tx, existing, "unloaded");
    return null;
  }
  return existing?.loaded_at ?? tx.now;
}

/** The answer to whoever asks for a bundle that is not there. */
export function noBundle(id: string): ApplianceError {
  return new ApplianceError({ code: "not-found", message: `there is no bundle "${id}"` });
}
