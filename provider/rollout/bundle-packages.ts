import type { AgentPackage, PackageFormat } from "../agent/agent.ts";
import type { Bundle } from "../appliance/operations/bundles.ts";

const PLATFORMS: readonly AgentPackage["platform"][] = ["linux", "windows", "darwin"];
const FORMATS: readonly PackageFormat[] = ["deb", "rpm", "tar.gz", "msi", "pkg", "dmg"];

/** The packages of a bundle that this provider can install anywhere. */
export function packagesOf(bundle: Pick<Bundle, "packages"> | undefined): AgentPackage[] {
  return (bundle?.packages ?? []).flatMap((item) => {
    const platform = PLATFORMS.find((known) => known === item.platform);
    const format = FORMATS.find((known) => known === item.format);
    return platform === undefined || format === undefined ? [] : [{ ...item, platform, format }];
  });
}
