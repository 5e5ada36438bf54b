import type { AgentPackage } from "../../agent/agent-package.ts";
import { architectureOf } from "../../agent/architecture.ts";
import { FLAVOURS } from "../../agent/flavours/registry.ts";
import { type PackageFacts, packagesFor } from "../../agent/packages.ts";
import { compareVersions, sameVersion, upgradePath } from "../../agent/versions.ts";
import type { DeviceHello } from "../operations/devices.ts";

/** A package that is loaded, and of which kind of agent. */
export interface LoadedPackage extends AgentPackage {
  readonly flavour: string;
}

/** Which version a policy wants: `latest`, `n-1` or one by number. */
export interface VersionWish {
  readonly version: string;
  readonly deniedVersions: readonly string[];
}

/** What of a machine decides about its packages. */
export type UpdatableAgent = Pick<DeviceHello, "agentVersion" | "flavour" | "os">;

/** What becomes of one machine's version. */
export type VersionChoice =
  | { readonly kind: "right"; readonly version: string }
  /** `package` is that of the next version on the way to `version`. */
  | { readonly kind: "update"; readonly version: string; readonly package: LoadedPackage }
  | {
      readonly kind: "refused";
      readonly code: "unknown-flavour" | "no-package" | "version-denied" | "version-gate";
      readonly version?: string;
      readonly reason: string;
    };

/**
 * Which package a machine gets next. An agent that is newer than what is wanted stays: a policy takes nobody down. Where a
 * rule stands between two versions, the way leads over versions that are loaded.
 *
 * @example chooseVersion(agent, { version: "latest", deniedVersions: [] }, packages)
 */
export function chooseVersion(
  agent: UpdatableAgent,
  wish: VersionWish,
  packages: readonly LoadedPackage[],
): VersionChoice {
  const flavour = Object.values(FLAVOURS).find(({ name }) => name === agent.flavour);
  if (flavour === undefined)
    return { kind: "refused", code: "unknown-flavour", reason: `agents of the kind "${agent.flavour}" are not known` };
  const ofFlavour = packages.filter((one) => one.flavour === agent.flavour);
  const facts = factsOf(agent.os);
  const fitting = ofFlavour.filter((one) => packagesFor([one], facts, flavour).length > 0);
  const allowed = packagesFor(fitting, facts, flavour).filter((one) => !isDenied(one.version, wish));
  const versions = distinct(allowed.map(({ version }) => version));
  const wanted = wantedOf(wish, versions);
  if (wanted === undefined) return none(agent, wish, { fitting, versions, ofFlavour });
  if (compareVersions(agent.agentVersion, wanted) >= 0) return { kind: "right", version: wanted };
  const path = upgradePath(agent.agentVersion, wanted, versions, flavour.versionRules);
  if ("missing" in path)
    return {
      kind: "refused",
      code: "version-gate",
      version: wanted,
      reason: `${path.rule.why}: load version ${path.missing} as well, or update the machine by hand from ${agent.agentVersion}`,
    };
  const next = allowed.find(({ version }) => sameVersion(version, path.versions[0] ?? wanted));
  // Unreachable: the path leads over versions of `allowed` only.
  if (next === undefined) return none(agent, wish, { fitting, versions, ofFlavour });
  return { kind: "update", version: wanted, package: { ...next, flavour: agent.flavour } };
}

/** As {@link chooseVersion} for every machine of a fleet: it is of few kinds of machines, each of which is decided about once. */
export function chooserOf(
  wish: VersionWish,
  packages: readonly LoadedPackage[],
): (agent: UpdatableAgent) => VersionChoice {
  const known = new Map<string, VersionChoice>();
  return (agent) => {
    const { agentVersion, flavour, os } = agent;
    const kind = JSON.stringify([agentVersion, flavour, os.platform, os.id, os.architecture]);
    const found = known.get(kind) ?? chooseVersion(agent, wish, packages);
    known.set(kind, found);
    return found;
  };
}

/** A bundle may well be there that is not loaded yet. */
const LOAD_ONE = "`kace bundle list` shows those there are, and `kace bundle load <name>` loads one";

/** The newest first. */
function distinct(versions: readonly string[]): string[] {
  return versions.filter((version, index) => versions.findIndex((other) => sameVersion(other, version)) === index);
}

/** @param versions the newest first */
function wantedOf({ version }: VersionWish, versions: readonly string[]): string | undefined {
  if (version === "latest") return versions[0];
  if (version === "n-1") return versions[1];
  return versions.find((one) => sameVersion(one, version));
}

export function isDenied(version: string, { deniedVersions }: VersionWish): boolean {
  return deniedVersions.some((denied) => sameVersion(denied, version));
}

function none(
  { os }: UpdatableAgent,
  { version }: VersionWish,
  found: {
    readonly fitting: readonly AgentPackage[];
    readonly versions: readonly string[];
    readonly ofFlavour: readonly AgentPackage[];
  },
): VersionChoice {
  const machine = `${os.platform}/${os.architecture}${os.id === "" ? "" : ` (${os.id})`}`;
  if (found.ofFlavour.length === 0)
    return { kind: "refused", code: "no-package", reason: `no bundle of this kind of agent is loaded: ${LOAD_ONE}` };
  if (found.fitting.length === 0)
    return {
      kind: "refused",
      code: "no-package",
      reason: `no loaded bundle has a package for ${machine}: ${LOAD_ONE}`,
    };
  if (found.versions.length === 0)
    return { kind: "refused", code: "version-denied", reason: `every package for ${machine} is on the deny list` };
  if (version === "n-1")
    return {
      kind: "refused",
      code: "no-package",
      reason: `there is only one version for ${machine}, ${found.versions[0]}, and none before it`,
    };
  return {
    kind: "refused",
    code: "no-package",
    version,
    reason: `for ${machine} there is ${found.versions.join(", ")}, and not ${version}`,
  };
}

const DEBIAN = ["debian", "ubuntu", "raspbian", "linuxmint", "kali", "pop", "devuan"];
const RPM = ["rhel", "fedora", "centos", "rocky", "almalinux", "ol", "amzn", "sles", "suse", "opensuse"];

/** An agent says which system its machine has, and not which package managers: an archive fits where neither is known. */
function factsOf({ platform, id, architecture }: UpdatableAgent["os"]): PackageFacts {
  const is = (names: readonly string[]) => names.some((name) => id === name || id.startsWith(`${name}-`));
  return {
    platform,
    family: is(DEBIAN) ? "debian" : is(RPM) ? "rpm" : "other",
    architecture: architectureOf(architecture),
  };
}

/** The version that a wish means of every kind of agent, whatever machine; kinds without one are left out. */
export function wantedVersions(
  wish: VersionWish,
  packages: readonly LoadedPackage[],
): readonly { readonly flavour: string; readonly version: string }[] {
  const flavours = [...new Set(packages.map(({ flavour }) => flavour))].sort();
  return flavours.flatMap((flavour) => {
    const own = packages.filter((one) => one.flavour === flavour && !isDenied(one.version, wish));
    const newestFirst = own.map(({ version }) => version).sort((one, other) => compareVersions(other, one));
    const version = wantedOf(wish, distinct(newestFirst));
    return version === undefined ? [] : [{ flavour, version }];
  });
}

/** What a wish means in the packages there are, as a text: when it changes, a new rollout begins. */
export function meaningOf(wish: VersionWish, packages: readonly LoadedPackage[]): string {
  const meant = wantedVersions(wish, packages).map(({ flavour, version }) => {
    const contents = packages.filter((one) => one.flavour === flavour && sameVersion(one.version, version));
    return [flavour, version, contents.map(({ sha256 }) => sha256).sort()];
  });
  return JSON.stringify(meant);
}
