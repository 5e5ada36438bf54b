/**
 * The door of the agent room: what an agent is on a machine, how to find out, what to do about it, and doing it.
 *
 * ```ts
 * const looked = await probe(machine, { flavours: [desired.flavour], server: desired.server, configurationId });
 * const plan = planFor(looked, desired);
 * if (plan.action === "blocked" || !plan.writes) return;
 * let ended = await activate(machine, plan, request);
 * if (ended.class === "failed" && ended.resumable) ended = await resumeActivation(await reconnect(), plan, request);
 * ```
 */
export { activate } from "./activate.ts";
export type * from "./activation.ts";
export type * from "./agent-package.ts";
export { architectureOf } from "./architecture.ts";
export { authoritiesIn } from "./authorities.ts";
export type * from "./desired.ts";
export type { Flavour, NamedPackage } from "./flavour.ts";
export { bench } from "./flavours/bench.ts";
export { FLAVOUR_NAMES, FLAVOURS, type FlavourName, readPackageName } from "./flavours/registry.ts";
export { HINTS } from "./hints.ts";
export { probe } from "./look.ts";
export { neededBytes } from "./obstacle.ts";
export { packageFor, packagesFor } from "./packages.ts";
export { holderText } from "./parse-probe.ts";
export type * from "./plan.ts";
export { planFor } from "./plan-for.ts";
export type * from "./prerequisite-facts.ts";
export type * from "./probe.ts";
export { resumeActivation } from "./resume.ts";
export { type AgentServer, serverText } from "./server.ts";
export { type Support, type SupportRow, type SupportTable, supportOf, systemText } from "./support.ts";
export { compareVersions, sameVersion, type UpgradePath, upgradePath, type VersionRule } from "./versions.ts";
