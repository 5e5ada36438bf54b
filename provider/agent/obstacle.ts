import type { AgentPackage } from "./agent-package.ts";
import type { Blocked } from "./blocked.ts";
import type { DesiredAgent } from "./desired.ts";
import type { Intent } from "./intent.ts";
import { holderText } from "./parse-probe.ts";
import type { BlockedCode } from "./plan.ts";
import type { OperatingSystem, Probe } from "./probe.ts";
import { serverText } from "./server.ts";
import { supportOf, systemText } from "./support.ts";

const MEBIBYTE = 1024 * 1024;

/** Free space that a package needs where it is staged and where it is installed. */
export function neededBytes(steps: readonly AgentPackage[], minimumDiskBytes: number | undefined): number {
  const largest = Math.max(0, ...steps.map((one) => one.sizeBytes));
  return minimumDiskBytes ?? 3 * largest + 16 * MEBIBYTE;
}

/** What would surely keep a plan from being carried out: said before anything is written. */
export function obstacleTo(probe: Probe, desired: DesiredAgent, intent: Exclude<Intent, Blocked>): Blocked | undefined {
  const blocked = (code: BlockedCode, reason: string, hint: string): Blocked => ({
    kind: "blocked",
    code,
    reason,
    hint,
  });
  const { os } = probe;
  if (os.platform !== "linux") {
    return blocked(
      "unsupported-os",
      `the machine runs ${os.platform}`,
      `the ${desired.flavour.title} is installed on Linux only`,
    );
  }
  if (probe.privilege !== "root") {
    return blocked(
      "no-privilege",
      "the work needs root",
      "log in as root, or give the user sudo and say so with `become`",
    );
  }
  if (probe.lock !== undefined && probe.lock.configurationId !== desired.configurationId) {
    const named = (id: string) => `"${desired.configurationName?.(id) ?? id}"`;
    return blocked("busy", holderText(probe.lock, named), "run again when it is over");
  }
  const steps = stepsOf(intent);
  if (steps.length > 0) {
    if (os.libc !== "unknown" && !desired.flavour.libc.includes(os.libc)) {
      return blocked(
        "unsupported-os",
        `the machine has ${os.libc}`,
        `the ${desired.flavour.title} needs ${desired.flavour.libc.join(" or ")}`,
      );
    }
    const unsupported = unsupportedSystem(os, desired, steps);
    if (unsupported !== undefined && desired.allowUnsupported !== true) {
      return blocked(
        "unsupported-os",
        unsupported,
        "leave the machine out with `targets.exclude`, choose a version that is made for it, or say `allowUnsupported: true`",
      );
    }
    const full = fullDisk(probe, neededBytes(steps, desired.minimumDiskBytes));
    if (full !== undefined) return full;
  }
  const connects =
    desired.flavour.hasService &&
    (intent.kind === "package" || intent.kind === "repair" || intent.kind === "reconfigure");
  if (!connects) return undefined;
  const { host } = desired.server;
  if (probe.server.resolves === "no") {
    return blocked(
      "server-unresolvable",
      `the machine does not resolve ${host}`,
      "enter the name in the DNS that the machine uses, or use a server name that it knows",
    );
  }
  if (probe.server.reachable === "no") {
    return blocked(
      "server-unreachable",
      `the machine cannot connect to ${serverText(desired.server)}`,
      "let the firewalls between them pass it, and see that the server is running",
    );
  }
  return undefined;
}

/** Why a system is none that the agent is made for, with the rows of its table; undefined where it is, or nothing is known. */
export function unsupportedSystem(
  os: OperatingSystem,
  { flavour }: Pick<DesiredAgent, "flavour">,
  steps: readonly AgentPackage[],
): string | undefined {
  for (const { version } of steps) {
    const support = supportOf(flavour.support, version, os);
    if (support.kind !== "unsupported") continue;
    const rows = support.rows.map(({ system }) => system).join("; ");
    return `the machine runs ${systemText(os)}, and the ${flavour.title} ${version} is made for: ${rows || "no system of this platform"} (${support.source})`;
  }
  return undefined;
}

function fullDisk(probe: Probe, needed: number): Blocked | undefined {
  const places = [
    ["/var/tmp", probe.disk.stagingFreeBytes],
    ["/opt", probe.disk.installFreeBytes],
  ] as const;
  for (const [place, free] of places) {
    if (free === undefined || free >= needed) continue;
    return {
      kind: "blocked",
      code: "disk-full",
      reason: `${place} has ${mebibytes(free)} MiB free, ${mebibytes(needed)} MiB are needed`,
      hint: `make room on the file system of ${place}`,
    };
  }
  return undefined;
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / MEBIBYTE);
}

export function stepsOf(intent: Exclude<Intent, Blocked>): readonly AgentPackage[] {
  return intent.kind === "package" || intent.kind === "repair" ? (intent.steps ?? []) : [];
}
