import type { AgentPackage } from "./agent-package.ts";
import type { Flavour } from "./flavour.ts";
import type { OperatingSystem } from "./probe.ts";
import { compareVersions } from "./versions.ts";

/** What a machine has, as far as it decides about packages. */
export type PackageFacts = Pick<OperatingSystem, "platform" | "family" | "architecture">;

/**
 * The packages that a machine can take, the best first: newest version, then the format that the machine's package
 * manager and the flavour prefer.
 */
export function packagesFor(packages: readonly AgentPackage[], facts: PackageFacts, flavour: Flavour): AgentPackage[] {
  const formats = formatsFor(facts, flavour);
  return packages
    .filter(
      (one) =>
        one.platform === facts.platform &&
        formats.includes(one.format) &&
        (one.architecture === "all" || one.architecture === facts.architecture),
    )
    .sort(
      (left, right) =>
        compareVersions(right.version, left.version) || formats.indexOf(left.format) - formats.indexOf(right.format),
    );
}

/**
 * The package for a machine: the one of a version, or the newest.
 * @example packageFor(bundle.packages, probe.os, FLAVOURS.reference, "1.4.2")?.fileName
 */
export function packageFor(
  packages: readonly AgentPackage[],
  facts: PackageFacts,
  flavour: Flavour,
  version?: string,
): AgentPackage | undefined {
  return packagesFor(packages, facts, flavour).find(
    (one) => version === undefined || compareVersions(one.version, version) === 0,
  );
}

/** An archive fits every Linux machine, but a package that the machine's own manager knows can be removed by it. */
function formatsFor(facts: PackageFacts, flavour: Flavour): readonly AgentPackage["format"][] {
  const native = facts.family === "debian" ? "deb" : facts.family === "rpm" ? "rpm" : undefined;
  return flavour.formats.filter((format) => format === native || format === "tar.gz");
}
