import type { AgentPackage } from "./agent-package.ts";
import type { DesiredAgent } from "./desired.ts";
import { packagesFor } from "./packages.ts";
import type { BlockedCode, PackageSteps, Plan, Planned } from "./plan.ts";
import type { AgentFacts, Probe, Receipt } from "./probe.ts";
import { serverText } from "./server.ts";
import { compareVersions, sameVersion, upgradePath } from "./versions.ts";

/**
 * What to do to a machine, from what was seen and what is wanted. Pure; the rules are those of "How a
 * ProvisioningConfig behaves": a version is a minimum unless pinned, without one an installed agent is never upgraded,
 * a machine belongs to who has the receipt on it.
 * @example planFor(looked, desired).action // "upgrade"
 */
export function planFor(probe: Probe, desired: DesiredAgent): Plan {
  const agent = factsOf(probe, desired);
  const intent = probe.receipt === "unreadable" ? unreadable() : intentFor(probe, desired, agent);
  if (intent.kind === "blocked") return asBlocked(intent);
  const leftovers = probe.staged.some((run) => run.state !== "running");
  const awaits = probe.lock?.configurationId === desired.configurationId ? { awaits: { runId: probe.lock.runId } } : {};
  const idle = intent.kind === "none" && !intent.adopts && !leftovers && probe.lock === undefined;
  // What a run of ours is in the middle of is planned again at its end.
  if (!idle && probe.lock?.configurationId !== desired.configurationId) {
    const obstacle = obstacleTo(probe, desired, intent);
    if (obstacle !== undefined) return asBlocked(obstacle);
  }
  const planned: Planned = {
    reason: intent.reason,
    remarks: remarksOn(probe, desired, intent),
    writes: !idle,
    adopts: intent.kind === "none" && intent.adopts,
    sweeps: leftovers,
    receipt: receiptAfter(probe, desired, intent, agent),
    ...awaits,
  };
  switch (intent.kind) {
    case "package":
      return { action: intent.action, steps: intent.steps, ...planned };
    case "repair":
      return { action: "repair", steps: intent.steps, ...planned };
    default:
      return { action: intent.kind, ...planned };
  }
}

type Blocked = { readonly kind: "blocked"; readonly code: BlockedCode; readonly reason: string; readonly hint: string };

type Intent =
  | Blocked
  | {
      readonly kind: "package";
      readonly action: "install" | "upgrade" | "downgrade";
      readonly steps: PackageSteps;
      readonly reason: string;
    }
  | { readonly kind: "repair"; readonly steps: PackageSteps | undefined; readonly reason: string }
  | { readonly kind: "none"; readonly adopts: boolean; readonly reason: string }
  | { readonly kind: "reconfigure" | "remove"; readonly reason: string };

function intentFor(probe: Probe, desired: DesiredAgent, agent: AgentFacts): Intent {
  const receipt = probe.receipt === "unreadable" ? undefined : probe.receipt;
  const foreign = receipt !== undefined && receipt.configurationId !== desired.configurationId;
  if (desired.state === "removed") return removal(desired, agent, receipt);
  if (foreign && desired.takeOver !== true)
    return claimed(`the agent belongs to the configuration "${receipt.configurationId}"`);
  if (agent.present === "no") return installation(probe, desired);
  if (agent.present === "broken") return mending(probe, desired, agent, "the agent is there, but not whole");
  const byVersion = versionIntent(probe, desired, agent);
  if (byVersion !== undefined) return byVersion;
  return (
    upkeep(probe, desired, agent) ?? { kind: "none", reason: "already right", adopts: receipt === undefined || foreign }
  );
}

function removal(desired: DesiredAgent, agent: AgentFacts, receipt: Receipt | undefined): Intent {
  const own = receipt?.configurationId === desired.configurationId;
  if (agent.present === "no") {
    return own
      ? { kind: "remove", reason: "the agent is gone, its receipt is not" }
      : { kind: "none", reason: "no agent is installed", adopts: false };
  }
  if (own || desired.takeOver === true)
    return { kind: "remove", reason: `version ${agent.version ?? "unknown"} is installed` };
  const owner =
    receipt === undefined
      ? "no configuration has a receipt for the agent"
      : `the agent belongs to the configuration "${receipt.configurationId}"`;
  return desired.onlyOwn === true ? { kind: "none", reason: `${owner}: left alone`, adopts: false } : claimed(owner);
}

function claimed(reason: string): Blocked {
  return { kind: "blocked", code: "claimed", reason, hint: "say `takeOver: true` to make it this configuration's" };
}

function unreadable(): Blocked {
  return {
    kind: "blocked",
    code: "no-privilege",
    reason: "the receipt on the machine can be read by root only",
    hint: "log in as root, or give the user sudo and say so with `become`",
  };
}

function installation(probe: Probe, desired: DesiredAgent): Intent {
  const chosen = choose(probe, desired);
  if ("kind" in chosen) return chosen;
  return {
    kind: "package",
    action: "install",
    steps: [chosen],
    reason: `no agent is installed; version ${chosen.version} fits`,
  };
}

/** Puts the version over itself that is there, or the wanted one where that cannot be had. */
function mending(probe: Probe, desired: DesiredAgent, agent: AgentFacts, reason: string): Intent {
  const candidates = allowed(probe, desired);
  const same = candidates.find((one) => agent.version !== undefined && sameVersion(one.version, agent.version));
  const acceptable = same !== undefined && satisfies(same.version, desired);
  const chosen = acceptable ? same : choose(probe, desired);
  return "kind" in chosen ? chosen : { kind: "repair", steps: [chosen], reason };
}

function versionIntent(probe: Probe, desired: DesiredAgent, agent: AgentFacts): Intent | undefined {
  const installed = agent.version;
  if (installed === undefined) return mending(probe, desired, agent, "the installed version cannot be told");
  const denied = isDenied(installed, desired);
  if (!denied && satisfies(installed, desired)) return undefined;
  const chosen = choose(probe, desired);
  if ("kind" in chosen) return chosen;
  const why = denied
    ? `version ${installed} is on the deny list`
    : `version ${installed} is installed, ${desired.version} is ${desired.exact === true ? "pinned" : "the minimum"}`;
  if (compareVersions(chosen.version, installed) < 0) {
    if (desired.allowDowngrade !== true) {
      return {
        kind: "blocked",
        code: "downgrade-not-allowed",
        reason: `${why}; ${chosen.version} would be a step down`,
        hint: "say `allowDowngrade: true`, or ask for a newer version",
      };
    }
    return { kind: "package", action: "downgrade", steps: [chosen], reason: why };
  }
  return hops(probe, desired, installed, chosen, why);
}

function hops(probe: Probe, desired: DesiredAgent, installed: string, chosen: AgentPackage, why: string): Intent {
  const candidates = allowed(probe, desired);
  const path = upgradePath(
    installed,
    chosen.version,
    candidates.map((one) => one.version),
    desired.flavour.versionRules,
  );
  if ("missing" in path) {
    return {
      kind: "blocked",
      code: "no-package",
      reason: `${path.rule.why}; the machine has ${installed}`,
      hint: `add a package of ${path.missing} to the bundle as a step between`,
    };
  }
  const between = path.versions
    .slice(0, -1)
    .flatMap((version) => candidates.find((one) => one.version === version) ?? []);
  const [first, ...rest] = [...between, chosen];
  const steps: PackageSteps = first === undefined ? [chosen] : [first, ...rest];
  const way = between.length === 0 ? "" : `, by way of ${between.map((one) => one.version).join(", ")}`;
  return { kind: "package", action: "upgrade", steps, reason: `${why}${way}` };
}

/** What else is not as wanted, the version being right. */
function upkeep(probe: Probe, desired: DesiredAgent, agent: AgentFacts): Intent | undefined {
  if (!desired.flavour.hasService) return undefined;
  const { host, port } = desired.server;
  const wanted = serverText(desired.server);
  if (agent.server === undefined) return { kind: "reconfigure", reason: `it has no server; ${wanted} is wanted` };
  if (agent.server.host.toLowerCase() !== host.toLowerCase() || agent.server.port !== port) {
    return { kind: "reconfigure", reason: `its server is ${serverText(agent.server)}, not ${wanted}` };
  }
  const repair = (reason: string): Intent => ({ kind: "repair", steps: undefined, reason });
  const build = agent.service.state === "failed" ? otherBuild(probe, desired, agent) : undefined;
  if (build !== undefined) {
    return { kind: "repair", steps: [build], reason: "its service is failed, and the bundle has another build of it" };
  }
  if (agent.service.state !== "active" && agent.service.state !== "unknown") {
    return repair(`its service is ${agent.service.state === "absent" ? "not there" : agent.service.state}`);
  }
  if (agent.service.enabled === "no") return repair("its service is not enabled at boot");
  const why = agent.remark === undefined ? "" : ` (${agent.remark})`;
  if (agent.enrolment === "blocked") {
    return quarantined(`the appliance has blocked the device${why}`, "unblock it with `kace quarantine approve`");
  }
  if (agent.enrolment === "quarantined") {
    if (desired.canEnrol === true)
      return repair("it is in quarantine: it is enrolled again with this configuration's token");
    return quarantined(
      `the appliance has the device in quarantine${why}`,
      "approve it with `kace quarantine approve`, or give the configuration a valid token",
    );
  }
  if (agent.connected === "no") return repair(`it is not connected to ${wanted}${why}`);
  return undefined;
}

/** The bundle's package of the version that is there, if it is not the one that was put there. */
function otherBuild(probe: Probe, desired: DesiredAgent, agent: AgentFacts): AgentPackage | undefined {
  const put = probe.receipt === "unreadable" ? undefined : probe.receipt?.packageSha256;
  if (put === undefined) return undefined;
  const same = allowed(probe, desired).find(
    ({ version }) => agent.version !== undefined && sameVersion(version, agent.version),
  );
  return same === undefined || same.sha256 === put ? undefined : same;
}

function quarantined(reason: string, hint: string): Blocked {
  return { kind: "blocked", code: "quarantined", reason, hint };
}

function allowed(probe: Probe, desired: DesiredAgent): AgentPackage[] {
  return packagesFor(desired.packages, probe.os, desired.flavour).filter((one) => !isDenied(one.version, desired));
}

/** The package that a machine should have: the version that is named if there is one, else the newest that will do. */
function choose(probe: Probe, desired: DesiredAgent): AgentPackage | Blocked {
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
      reason: `the bundle has ${candidates.map((one) => one.version).join(", ")} for ${machine}, not ${desired.version}`,
      hint: "add a package of that version to the bundle, or ask for a version that is in it",
    }
  );
}

function satisfies(version: string, desired: DesiredAgent): boolean {
  if (desired.version === undefined) return true;
  const difference = compareVersions(version, desired.version);
  return desired.exact === true ? difference === 0 : difference >= 0;
}

function isDenied(version: string, desired: DesiredAgent): boolean {
  return desired.deniedVersions?.some((denied) => sameVersion(denied, version)) ?? false;
}

const MEBIBYTE = 1024 * 1024;

/** Free space that a package needs where it is staged and where it is installed. */
export function neededBytes(steps: readonly AgentPackage[], minimumDiskBytes: number | undefined): number {
  const largest = Math.max(0, ...steps.map((one) => one.sizeBytes));
  return minimumDiskBytes ?? 3 * largest + 16 * MEBIBYTE;
}

/** What would surely keep a plan from being carried out: said before anything is written. */
function obstacleTo(probe: Probe, desired: DesiredAgent, intent: Exclude<Intent, Blocked>): Blocked | undefined {
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
    return blocked(
      "busy",
      `a run of the configuration "${probe.lock.configurationId}" is working on the machine`,
      "run again when it is over",
    );
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

function stepsOf(intent: Exclude<Intent, Blocked>): readonly AgentPackage[] {
  return intent.kind === "package" || intent.kind === "repair" ? (intent.steps ?? []) : [];
}

function remarksOn(probe: Probe, desired: DesiredAgent, intent: Intent): string[] {
  const remarks: string[] = [];
  for (const other of probe.agents) {
    if (other.flavour !== desired.flavour.name && other.present !== "no") {
      remarks.push(`there is also an agent of flavour "${other.flavour}", version ${other.version ?? "unknown"}`);
    }
  }
  if (intent.kind === "none" && intent.adopts)
    remarks.push("recorded on the machine as this configuration's from now on");
  if (intent.kind === "none" && desired.state === "present" && desired.flavour.hasService) {
    if (probe.server.resolves === "no") remarks.push(`the machine does not resolve ${desired.server.host}`);
    else if (probe.server.reachable === "no") remarks.push("the machine cannot connect to the server right now");
  }
  return remarks;
}

/** The receipt to be on the machine afterwards; undefined if none is written. */
function receiptAfter(probe: Probe, desired: DesiredAgent, intent: Intent, agent: AgentFacts): Receipt | undefined {
  if (intent.kind === "blocked" || intent.kind === "remove") return undefined;
  if (intent.kind === "none" && !intent.adopts) return undefined;
  const { configurationId, flavour } = desired;
  const installed = stepsOf(intent).at(-1);
  if (installed !== undefined) {
    return {
      configurationId,
      flavour: flavour.name,
      version: installed.version,
      packageSha256: installed.sha256,
      packageFormat: installed.format,
      adopted: false,
    };
  }
  const before = probe.receipt === "unreadable" ? undefined : probe.receipt;
  if (before !== undefined && before.flavour === flavour.name) return { ...before, configurationId };
  return {
    configurationId,
    flavour: flavour.name,
    version: agent.version,
    packageSha256: undefined,
    packageFormat: undefined,
    adopted: true,
  };
}

function factsOf(probe: Probe, desired: DesiredAgent): AgentFacts {
  return (
    probe.agents.find((agent) => agent.flavour === desired.flavour.name) ?? {
      flavour: desired.flavour.name,
      present: "no",
      version: undefined,
      server: undefined,
      service: { state: "absent", enabled: "unknown" },
      connected: "unknown",
      enrolment: "unknown",
      kuid: undefined,
      remark: undefined,
    }
  );
}

function asBlocked({ code, reason, hint }: Blocked): Plan {
  return { action: "blocked", code, reason, hint };
}
