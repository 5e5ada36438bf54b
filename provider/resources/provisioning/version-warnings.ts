import { isDenied, satisfies } from "../../agent/choice.ts";
import { compareVersions, sameVersion } from "../../agent/versions.ts";
import type { Bundle } from "../../appliance/operations/bundles.ts";
import { packagesOf } from "../../rollout/bundle-packages.ts";
import type { Inputs } from "./inputs.ts";

/**
 * What is to be known of a bundle that has no version which may be installed: no failure, since a machine may have one
 * already.
 *
 * @example versionWarnings(inputs, bundle) // ['agent.version: the bundle "agents" has 14.1.19, and not 99.9.9 or newer: ...']
 */
export function versionWarnings({ agent }: Inputs, bundle: Bundle | undefined): string[] {
  const all = packagesOf(bundle).map(({ version }) => version);
  const versions = all.filter((version, index) => all.findIndex((one) => sameVersion(one, version)) === index);
  if (agent === undefined || bundle === undefined || versions.length === 0) return [];
  const there = `the bundle "${bundle.name}" has ${versions.sort(compareVersions).join(", ")}`;
  const outcome = "machines that have no such version already fail; add a package of one to the bundle";
  const allowed = versions.filter((version) => !isDenied(version, agent));
  if (allowed.length === 0) return [`agent.deniedVersions: ${there}, and all of it is denied: ${outcome}`];
  if (allowed.some((version) => satisfies(version, agent))) return [];
  const wanted = agent.exact === true ? agent.version : `${agent.version} or newer`;
  const denied = allowed.length === versions.length ? "" : " that is not denied";
  return [`agent.version: ${there}, and no ${wanted}${denied}: ${outcome}`];
}
