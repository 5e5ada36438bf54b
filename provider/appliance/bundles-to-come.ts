import type { Bundle } from "./operations/bundles.ts";

/** What a bundle will be once the running update is done; its packages are undefined where nobody knows them yet. */
export type BundleToCome = Omit<Bundle, "packages"> & { readonly packages: Bundle["packages"] | undefined };

/**
 * The bundles of an appliance that a preview has found to be changed by the update that it shows. The appliance still
 * has them as they were, and what stands on them must be shown as it is going to be.
 *
 * @example
 * bundles.expect(urn, { ...there, version: "1.5.0", packages });
 * bundles.of("bundle-1f")?.version; // "1.5.0"
 */
export class BundlesToCome {
  readonly #byResource = new Map<string, BundleToCome>();

  /** The update changes the bundle of a resource into this one. */
  expect(urn: string, bundle: BundleToCome): void {
    this.#byResource.set(urn, bundle);
  }

  /** What was expected of a resource goes no more: it is looked at anew, or it was changed. */
  forget(urn: string): void {
    this.#byResource.delete(urn);
  }

  /** What becomes of a bundle; undefined where it stays as it is. */
  of(id: string): BundleToCome | undefined {
    return [...this.#byResource.values()].find((bundle) => bundle.id === id);
  }
}
