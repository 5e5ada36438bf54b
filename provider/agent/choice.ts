import type { AgentPackage } from "./agent-package.ts";
import type { Blocked } from "./blocked.ts";
import type { DesiredAgent } from "./desired.ts";
import { packagesFor } from "./packages.ts";
import type { Probe } from "./probe.ts";
import { compareVersions, sameVersion } from "./versions.ts";

export function allowed(probe: Probe, desired: DesiredAgent): AgentPackage[] {
  return packagesFor(desired.packages, probe.os, desired.flavour).filter((one) => !isDenied(one.version, desired));
}

/** The package that a machine should have: the version that is named if there is one, else the newest that will do. */
export function choose(probe: Probe, desired: DesiredAgent): AgentPackage | Blocked {
  const { os } = probe;
  const machine = `${os.platform}/${os.architecture}${os.distribution === undefined ? "" : ` (${os.distribution})`}`;
  const fitting = packagesFor(desired.packages, os, desired.flavour);
  if (fitting.length === 0) {
    return {
      kind: "blocked",
      code: "no-package",
      reason: `the bundle has no package for ${machine}`,
      hint: `add a ${os.family === "rpm" ? ".rpm" : os.family === "debian" ? ".deb" : ".tar.gz"} for ${os.architecture} to the bundle`,
    };
  }
  const candidates = allowed(probe, desired);
  if (candidates.length === 0) {
    return {
      kind: "blocked",
      code: "version-denied",
      reason: "every package for this machine is on the deny list",
      hint: "add a package of another version to the bundle",
    };
  }
  const exact = candidates.find((one) => desired.version !== undefined && sameVersion(one.version, desired.version));
  const chosen = exact ?? candidates.find((one) => satisfies(one.version, desired));
  return (
    chosen ?? {
      kind: "blocked",
      code: "no-package",
      reason: `the bundle has ${[...new Set(candidates.map((one) => one.version))].join(", ")} for ${machine}, not ${desired.version}`,
      hint: "add a package of that version to the bundle, or ask for a version that is in it",
    }
  );
}

/** What of a wish says which versions will do. */
export type DesiredVersion = Pick<DesiredAgent, "version" | "exact" | "deniedVersions">;

export function satisfies(version: string, desired: DesiredVersion): boolean {
  if (desired.version === undefined) return true;
  const difference = compareVersions(version, desired.version);
  return desired.exact === true ? difference === 0 : difference >= 0;
}

export function isDenied(version: string, desired: DesiredVersion): boolean {
  return desired.deniedVersions?.some((denied) => sameVersion(denied, version)) ?? false;
}
