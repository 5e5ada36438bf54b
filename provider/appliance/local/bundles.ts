import type { Selectable } from "kysely";
import { ApplianceError } from "../errors.ts";
import type { Bundle, bundleOperations, PackageFile } from "../operations/bundles.ts";
import type { HandlersOf } from "./handlers.ts";
import { page, textAt } from "./paging.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { changesBetween, moment, newId, recordChanges, type Transaction } from "./transaction.ts";

type Row = Selectable<Tables["bundles"]>;

/** How long content that no bundle has asked for yet waits for one. */
const UNCLAIMED_KEPT_MS = 3_600_000;

function rows() {
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

function describe(tx: Transaction, row: Row): Bundle {
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
  };
}

function shown(bundle: Pick<Bundle, "name" | "version" | "flavour" | "packages">) {
  const packages = bundle.packages.map(({ fileName, sha256 }) => `${fileName} ${sha256}`).join(", ");
  return { name: bundle.name, version: bundle.version, flavour: bundle.flavour, packages };
}

function subjectOf(id: string, name: string) {
  return { subject: `bundle:${id}`, subjectName: name };
}

function requireFreeName(tx: Transaction, organization: string, name: string, id: string): void {
  const other = tx.queries.first(
    rows().where("organization", "=", organization).where("name", "=", name).where("id", "<>", id),
  );
  if (other === undefined) return;
  throw new ApplianceError({
    code: "conflict",
    message: `there is already a bundle "${name}" in organization "${organization}" (${other.id})`,
    hint: "import that one, or choose another name",
  });
}

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

function writePackages(tx: Transaction, bundleId: string, packages: readonly PackageFile[]): void {
  tx.queries.run(build.deleteFrom("bundle_packages").where("bundle_id", "=", bundleId));
  for (const [position, item] of packages.entries()) {
    requireContent(tx, item);
    tx.queries.run(
      build.insertInto("bundle_packages").values({
        bundle_id: bundleId,
        position,
        file_name: item.fileName,
        platform: item.platform,
        architecture: item.architecture,
        format: item.format,
        version: item.version,
        sha256: item.sha256,
        size_bytes: item.sizeBytes,
      }),
    );
    tx.queries.run(build.updateTable("package_contents").set({ claimed: 1 }).where("sha256", "=", item.sha256));
  }
}

/**
 * Removes the content of packages that no bundle has. A step of its own, after the one that made it garbage has been
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

/** Records that the content of a package has been put, so that it waits for its bundle. */
export function recordContent(tx: Transaction, sha256: string, sizeBytes: number): void {
  if (tx.packages.sizeOf(sha256) !== sizeBytes) {
    throw new ApplianceError({
      code: "unavailable",
      message: "the content was removed while it was put: put it again",
    });
  }
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
}

export const bundleHandlers: HandlersOf<typeof bundleOperations> = {
  saveBundle(tx, { organization, id: givenId, urn, packages, ...settings }) {
    const byId = givenId === undefined ? undefined : tx.queries.first(rows().where("id", "=", givenId));
    if (givenId !== undefined && byId === undefined) throw noBundle(givenId);
    const existing = byId ?? (urn === undefined ? undefined : tx.queries.first(rows().where("urn", "=", urn)));
    if (existing !== undefined && existing.organization !== organization) {
      throw new ApplianceError({
        code: "conflict",
        message: `this bundle exists in organization "${existing.organization}" (${existing.id})`,
        hint: "delete it there first: a bundle does not move between organizations",
      });
    }
    const id = existing?.id ?? newId(tx, "bundle");
    requireFreeName(tx, organization, settings.name, id);
    const before = existing === undefined ? {} : shown(describe(tx, existing));
    const changes = changesBetween(before, shown({ ...settings, packages }));
    const row = {
      id,
      organization,
      urn: urn ?? existing?.urn ?? null,
      ...settings,
      created_at: existing?.created_at ?? tx.now,
      updated_at: changes.length > 0 || existing === undefined ? tx.now : existing.updated_at,
    };
    tx.queries.run(
      build
        .insertInto("bundles")
        .values(row)
        .onConflict((conflict) => conflict.column("id").doUpdateSet(row)),
    );
    writePackages(tx, id, packages);
    recordChanges(tx, subjectOf(id, settings.name), changes);
    return describe(tx, row);
  },

  getBundle(tx, { id }) {
    const row = tx.queries.first(rows().where("id", "=", id));
    if (row === undefined) throw noBundle(id);
    return describe(tx, row);
  },

  findBundleByName(tx, { organization, name }) {
    const row = tx.queries.first(rows().where("organization", "=", organization).where("name", "=", name));
    return row === undefined ? null : describe(tx, row);
  },

  listBundles(tx, { organization, limit, after }) {
    let query = rows()
      .where("organization", "=", organization)
      .orderBy("name")
      .limit(limit + 1);
    if (after !== undefined) query = query.where("name", ">", textAt(after, 0));
    const { items, next } = page(
      tx.queries.all(query),
      limit,
      (row) => [row.name],
      (row) => describe(tx, row),
    );
    return { bundles: items, next };
  },

  deleteBundle(tx, { id }) {
    const row = tx.queries.first(rows().where("id", "=", id));
    if (row === undefined) return { deleted: false };
    const before = shown(describe(tx, row));
    tx.queries.run(build.deleteFrom("bundles").where("id", "=", id));
    recordChanges(tx, subjectOf(id, row.name), changesBetween(before, {}));
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

function noBundle(id: string): ApplianceError {
  return new ApplianceError({ code: "not-found", message: `there is no bundle "${id}"` });
}
