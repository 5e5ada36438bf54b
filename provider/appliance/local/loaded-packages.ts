import { FLAVOURS } from "../../agent/flavours/registry.ts";
import type { PackageFile } from "../operations/bundles.ts";
import type { LoadedPackage } from "../updates/wanted-version.ts";
import { build } from "./query.ts";
import type { Transaction } from "./transaction.ts";

/** A package that agents may be given, and the bundle it is of. */
export interface BundledPackage extends LoadedPackage {
  readonly bundleId: string;
}

/**
 * The packages of an organization's bundles, as far as an agent can install them.
 * @param only `loaded`: of those bundles that are loaded
 */
export function packagesOf(tx: Transaction, organization: string, only: "loaded" | "all"): BundledPackage[] {
  const all = build
    .selectFrom("bundle_packages")
    .innerJoin("bundles", "bundles.id", "bundle_packages.bundle_id")
    .selectAll("bundle_packages")
    .select("bundles.flavour")
    .where("bundles.organization", "=", organization)
    .orderBy("bundles.id")
    .orderBy("bundle_packages.position");
  const rows = tx.queries.all(only === "loaded" ? all.where("bundles.loaded_at", "is not", null) : all);
  return rows.flatMap(({ bundle_id: id, file_name: fileName, size_bytes: sizeBytes, flavour, ...file }) =>
    installable({ id, flavour }, { ...file, fileName, sizeBytes }),
  );
}

/** A package as one of a bundle's; none where no agent can install it. */
export function installable(
  bundle: { readonly id: string; readonly flavour: string },
  { fileName, platform, architecture, format: named, version, sha256, sizeBytes }: PackageFile,
): BundledPackage[] {
  const flavour = Object.values(FLAVOURS).find(({ name }) => name === bundle.flavour);
  const format = flavour?.formats.find((one) => one === named);
  if (format === undefined || platform !== "linux") return [];
  const file = { fileName, platform, architecture, format, version, sha256, sizeBytes } as const;
  return [{ bundleId: bundle.id, flavour: bundle.flavour, ...file }];
}

/** When the newest packages of the loaded bundles came here, milliseconds since 1970. */
export function newestLoaded(tx: Transaction, organization: string): number | null {
  const found = tx.queries.first(
    build
      .selectFrom("bundles")
      .select((eb) => eb.fn.max("content_at").as("at"))
      .where("organization", "=", organization)
      .where("loaded_at", "is not", null),
  );
  return found?.at ?? null;
}
