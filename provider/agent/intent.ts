import type { AgentPackage } from "./agent-package.ts";
import { authoritiesIn } from "./authorities.ts";
import type { Blocked } from "./blocked.ts";
import { allowed, choose, isDenied, satisfies } from "./choice.ts";
import type { DesiredAgent } from "./desired.ts";
import type { PackageSteps } from "./plan.ts";
import type { AgentFacts, Probe, Receipt } from "./probe.ts";
import { isServersHost, serverText } from "./server.ts";
import { compareVersions, sameVersion, upgradePath } from "./versions.ts";

export type Intent =
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

export function intentFor(probe: Probe, desired: DesiredAgent, agent: AgentFacts): Intent {
  const receipt = probe.receipt === "unreadable" ? undefined : probe.receipt;
  const foreign = receipt !== undefined && receipt.configurationId !== desired.configurationId;
  if (desired.state === "removed") return removal(desired, agent, receipt);
  if (foreign && desired.takeOver !== true) return claimed(ownerOf(receipt, desired));
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
  const owner = receipt === undefined ? "no configuration has a receipt for the agent" : ownerOf(receipt, desired);
  return desired.onlyOwn === true ? { kind: "none", reason: `${owner}: left alone`, adopts: false } : claimed(owner);
}

function ownerOf({ configurationId }: Receipt, { configurationName }: DesiredAgent): string {
  return `the agent belongs to the configuration "${configurationName?.(configurationId) ?? configurationId}"`;
}

function claimed(reason: string): Blocked {
  return { kind: "blocked", code: "claimed", reason, hint: "say `takeOver: true` to make it this configuration's" };
}

export function unreadable(): Blocked {
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
  const wanted = serverText(desired.server);
  if (agent.server === undefined) return { kind: "reconfigure", reason: `it has no server; ${wanted} is wanted` };
  if (!isServersHost(agent.server.host, desired.server) || agent.server.port !== desired.server.port) {
    return { kind: "reconfigure", reason: `its server is ${serverText(agent.server)}, not ${wanted}` };
  }
  const repair = (reason: string): Intent => ({ kind: "repair", steps: undefined, reason });
  /** Whatever cannot live would not for being started again: where the bundle has another build, that is put there. */
  const renewal = (reason: string): Intent => {
    const build = otherBuild(probe, desired, agent);
    if (build === undefined) return repair(reason);
    return { kind: "repair", steps: [build], reason: `${reason}, and the bundle has another build of it` };
  };
  const { state } = agent.service;
  if (state === "failed" || state === "starting") return renewal(`its service is ${state}`);
  if (state !== "active" && state !== "unknown")
    return repair(`its service is ${state === "absent" ? "not there" : state}`);
  if (agent.service.enabled === "no") return repair("its service is not enabled at boot");
  const why = agent.remark === undefined ? "" : ` (${agent.remark})`;
  if (agent.enrolment === "blocked") {
    return quarantined(
      `the appliance has blocked the device${why}`,
      "unblock it with `kace quarantine approve <machine>`",
    );
  }
  if (agent.enrolment === "quarantined") {
    if (desired.canEnrol === true)
      return repair("it is in quarantine: it is enrolled again with this configuration's token");
    return quarantined(
      `the appliance has the device in quarantine${why}`,
      "approve it with `kace quarantine approve <machine>`, or give the configuration a valid token",
    );
  }
  // A service that ends again and again is seen running now and then.
  if (agent.connected === "no") return renewal(`it is not connected to ${wanted}${why}`);
  if (lacksAuthority(agent, desired)) {
    return { kind: "reconfigure", reason: `it does not trust all authorities that ${wanted} announces` };
  }
  return undefined;
}

/**
 * Whether a server that goes over to its next authority would lose the agent. One that trusts its system's roots was
 * meant to, and what it trusts besides is dropped by itself once the server was reached without.
 */
function lacksAuthority({ trusts }: AgentFacts, { server }: DesiredAgent): boolean {
  if (trusts === undefined || server.caCertificate === undefined) return false;
  return authoritiesIn(server.caCertificate).some((authority) => !trusts.includes(authority));
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
