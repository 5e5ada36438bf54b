import type { ApplianceAccess } from "../appliance/access.ts";
import type { BundleToCome } from "../appliance/bundles-to-come.ts";
import type { PreviewOf } from "../kit/define/plain.ts";
import { type BundleContents, readBundle } from "./bundle-contents.ts";
import { foundOrGone } from "./found-or-gone.ts";
import { wholly } from "./known.ts";

/** What a program says of a bundle, as far as it decides about what is in it. */
type Given = PreviewOf<BundleContents & { readonly load: boolean }>;

/** What an update is going to make of a bundle; undefined where the appliance has lost it. */
export async function bundleToCome(
  id: string,
  { files, folder, checksums, archive, load }: Given,
  client: ApplianceAccess,
): Promise<BundleToCome | undefined> {
  const there = await client.read((appliance) => foundOrGone(appliance.getBundle({ id })));
  if (there === undefined) return undefined;
  const loadedAt = load === false ? undefined : (there.loadedAt ?? there.updatedAt);
  const source = wholly<BundleContents>({ files, folder, checksums, archive });
  if (source === undefined) return { ...there, loadedAt, packages: undefined };
  const { flavour, version, packages, findings } = await readBundle(source, client);
  if (findings.length > 0) return undefined; // the check has refused it
  return { ...there, loadedAt, flavour, version, packages: packages.map(({ from: _from, ...item }) => item) };
}
