import { sameVersion } from "../../agent/versions.ts";
import type { Output } from "../appliance.ts";
import { DEFAULT_ORGANIZATION } from "../operations/fields.ts";
import type {
  PlannedMachine,
  PolicyCounts,
  PolicyFinding,
  UpdatePolicy,
  updatePolicyOperations,
} from "../operations/update-policy.ts";
import { shellWord } from "../shell-word.ts";
import { pastBlackouts } from "../updates/blackout-dates.ts";
import type { JudgedMachine } from "../updates/evaluate.ts";
import { failure, findingsOfPolicy, limitsOf, warning } from "../updates/findings.ts";
import { closedAt, hoursOf } from "../updates/hours.ts";
import { percentAt } from "../updates/rollout-steps.ts";
import { wallClock } from "../updates/wall-clock.ts";
import { wantedVersions } from "../updates/wanted-version.ts";
import type { HandlersOf } from "./handlers.ts";
import { type BundledPackage, packagesOf } from "./loaded-packages.ts";
import { page, textAt } from "./paging.ts";
import { build } from "./query.ts";
import { moment, type Transaction } from "./transaction.ts";
import { type Evaluation, evaluate, rolloutNow } from "./update-evaluation.ts";
import type { PolicyMachine } from "./update-machines.ts";
import {
  changedGiven,
  effectiveOf,
  givenWithIds,
  givenWithNames,
  missingLabels,
  type PolicyRow,
  policyRow,
  storedGiven,
} from "./update-policy-rows.ts";

/** How many machines a sentence names. */
const NAMED_AT_MOST = 5;

type Judged = JudgedMachine<PolicyMachine>;

/** A policy that is not saved yet: what it would do. @param draft with the names of labels that there may not be */
function evaluateDraft(tx: Transaction, row: PolicyRow, draft: UpdatePolicy) {
  const missing = missingLabels(tx, row.organization, draft);
  const names = new Set(missing.map(({ name }) => name));
  const { filter, ...rest } = draft;
  const isFilterKnown = !missing.some(({ path }) => path[0] === "filter");
  const known: UpdatePolicy = {
    ...rest,
    labels: rest.labels.filter((name) => !names.has(name)),
    ...(filter !== undefined && isFilterKnown && { filter }),
  };
  const stored = effectiveOf(givenWithIds(tx, row.organization, known));
  const before = effectiveOf(storedGiven(row));
  const rollout = rolloutNow(tx, row, stored);
  const isSame = JSON.stringify(selection(before)) === JSON.stringify(selection(stored)) && before.enabled;
  return { missing, isSameSelection: isSame, rollout, evaluation: evaluate(tx, row, stored, rollout) };
}

function selection({ allMachines, labels, machines, filter }: UpdatePolicy) {
  return [allMachines, [...labels].sort(), [...machines].sort(), filter ?? null];
}

/** What is to be said of a policy before it is saved. @param draft with the names of labels */
export function draftFindings(tx: Transaction, row: PolicyRow, draft: UpdatePolicy): PolicyFinding[] {
  return findingsOfDraft(tx, row, draft, evaluateDraft(tx, row, draft));
}

function findingsOfDraft(
  tx: Transaction,
  row: PolicyRow,
  draft: UpdatePolicy,
  { missing, isSameSelection, evaluation }: ReturnType<typeof evaluateDraft>,
): PolicyFinding[] {
  const findings = [...findingsOfPolicy(draft), ...findingsOfPast(tx, draft)];
  if (findings.some(({ severity }) => severity === "failure")) return findings;
  const ofBundles = findingsOfBundles(tx, row, draft);
  if (missing.length > 0)
    return [
      ...findings,
      ...missing.map(({ path, name }) => warning(path, `there is no label "${name}" yet`)),
      ...ofBundles,
    ];
  return [...findings, ...ofBundles, ...findingsOfFleet(draft, evaluation, isSameSelection)];
}

function findingsOfPast(
  tx: Transaction,
  { blackoutDates, timezone = tx.world.timezone }: UpdatePolicy,
): PolicyFinding[] {
  return pastBlackouts(blackoutDates, wallClock(tx.now, timezone).day).map(({ index, text }) =>
    warning(["blackoutDates", index], `${text} is over: it holds nothing back any more`),
  );
}

function findingsOfBundles(tx: Transaction, { organization }: PolicyRow, draft: UpdatePolicy): PolicyFinding[] {
  const packages = packagesOf(tx, organization, "loaded");
  if (wantedVersions(draft, packages).length > 0) return [];
  const { version } = draft;
  const there = [...new Set(packages.map((one) => one.version))];
  const has = there.length === 0 ? "no bundle is loaded" : `loaded is ${there.join(", ")}`;
  const all = packagesOf(tx, organization, "all");
  if (version === "latest" || version === "n-1") {
    const unloaded = all.find(({ bundleId }) => !packages.some((one) => one.bundleId === bundleId));
    const repair = unloaded === undefined ? "" : `: ${loadingOf(tx, unloaded)}`;
    return [warning(["version"], `there is no version that \`${version}\` means: ${has}${repair}`)];
  }
  const unloaded = all.find((one) => sameVersion(one.version, version));
  const repair = unloaded === undefined ? "load a bundle that has it first" : loadingOf(tx, unloaded);
  return [failure(["version"], `version ${version} is in no loaded bundle (${has}): ${repair}`)];
}

function loadingOf(tx: Transaction, { bundleId }: BundledPackage): string {
  const found = tx.queries.first(
    build.selectFrom("bundles").select(["name", "organization"]).where("id", "=", bundleId),
  );
  const { name, organization } = found ?? { name: bundleId, organization: DEFAULT_ORGANIZATION };
  const whose = organization === DEFAULT_ORGANIZATION ? "" : ` --organization ${shellWord(organization)}`;
  return `load it by \`kace${whose} bundle load ${shellWord(name)}\``;
}

function findingsOfFleet(
  draft: UpdatePolicy,
  { fleet, judged }: Evaluation,
  isSameSelection: boolean,
): PolicyFinding[] {
  const { enabled, allMachines, updateBrokenAgents, machines: listed } = draft;
  if (!enabled) return [];
  const findings: PolicyFinding[] = fleet.pending
    .slice(0, NAMED_AT_MOST)
    .map((name) => warning(["machines", listed.indexOf(name)], `there is no approved agent called "${name}"`));
  const total = fleet.machines.length;
  const meant = fleet.machines.filter(({ isMeant }) => isMeant);
  if (meant.length === 0 && !updateBrokenAgents) {
    const who = total === 0 ? "no agent is approved yet" : `none of the ${total} approved agents is meant`;
    return [...findings, warning([selector(draft)], `the policy is for nobody now: ${who}`)];
  }
  if (!allMachines && total > 1 && meant.length === total && fleet.listed < total) {
    const message = `it is for all ${total} machines that there are: if that is meant, say \`allMachines: true\` instead`;
    // Machines come and go: what was saved when it was for some is not an error once it is for all.
    findings.push(isSameSelection ? warning(["allMachines"], message) : failure(["allMachines"], message));
  }
  const unreachable = judged.filter(isUnreachable);
  if (unreachable.length > 0) {
    findings.push(
      warning(
        ["enabled"],
        `${unreachable.length} of ${meant.length} machines cannot be reached, because their agents are not connected: ${namesOf(unreachable)}; a provisioning configuration reaches them`,
      ),
    );
  }
  return [...findings, ...findingsOfRefused(judged)];
}

/** What stops machines until something changes, each reason once. */
function findingsOfRefused(judged: readonly Judged[]): PolicyFinding[] {
  const stopped = Map.groupBy(judged, ({ verdict }) => (verdict.kind === "refused" ? verdict.reason : undefined));
  return [...stopped].flatMap(([reason, machines]) => {
    if (reason === undefined) return [];
    const who = machines.length === 1 ? "1 machine is" : `${machines.length} machines are`;
    return [warning(["enabled"], `${who} not updated: ${namesOf(machines)}: ${reason}`)];
  });
}

/** @example namesOf(judged) // "web1, web2 and 3 more" */
function namesOf(judged: readonly Judged[]): string {
  const names = judged.map(({ machine }) => machine.hostname);
  names.sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
  const more = names.length > NAMED_AT_MOST ? ` and ${names.length - NAMED_AT_MOST} more` : "";
  return `${names.slice(0, NAMED_AT_MOST).join(", ")}${more}`;
}

/** The property that says whom a policy is for, if it is one alone. */
function selector(policy: UpdatePolicy): keyof UpdatePolicy {
  if (policy.allMachines) return "allMachines"; // which has no limits beside it
  const [only, ...others] = limitsOf(policy);
  return only !== undefined && others.length === 0 ? only : "enabled";
}

function isUnreachable({ verdict }: Judged): boolean {
  return verdict.kind === "waiting" && verdict.code === "not-connected";
}

export const planUpdates: HandlersOf<typeof updatePolicyOperations>["planUpdates"] = (
  tx,
  { organization, changes = {}, limit, after },
) => {
  const row = policyRow(tx, organization);
  const draft = effectiveOf(changedGiven(givenWithNames(tx, organization, storedGiven(row)), changes));
  const evaluated = evaluateDraft(tx, row, draft);
  const { judged, fleet } = evaluated.evaluation;
  const beyond = after === undefined ? undefined : textAt(after, 0);
  const rest = judged
    .filter(({ machine }) => beyond === undefined || machine.kuid > beyond)
    .sort((one, other) => (one.machine.kuid < other.machine.kuid ? -1 : 1));
  const { items, next } = page(rest.slice(0, limit + 1), limit, ({ machine }) => [machine.kuid], planned);
  return {
    findings: findingsOfDraft(tx, row, draft, evaluated),
    counts: countsOf(fleet.machines, judged),
    percent: percentAt(draft.rollout, evaluated.rollout.began_at ?? tx.now, tx.now),
    closed: closedNow(tx, draft),
    machines: items,
    next,
  };
};

function closedNow(tx: Transaction, draft: UpdatePolicy): Output<"planUpdates">["closed"] {
  const closed = closedAt(hoursOf(draft), tx.now, draft.timezone ?? tx.world.timezone);
  if (closed === undefined) return undefined;
  const { code, reason, untilMs } = closed;
  return { code, reason, ...(untilMs !== undefined && { until: moment(untilMs) }) };
}

function countsOf(machines: readonly PolicyMachine[], judged: readonly Judged[]): PolicyCounts {
  const count = (isCounted: (one: Judged) => boolean) => judged.filter(isCounted).length;
  return {
    total: machines.length,
    meant: machines.filter(({ isMeant }) => isMeant).length,
    broken: count(({ broken }) => broken),
    right: count(({ verdict }) => verdict.kind === "right"),
    update: count(({ verdict }) => verdict.kind === "update"),
    updating: count(({ verdict }) => verdict.kind === "updating"),
    waiting: count(({ verdict }) => verdict.kind === "waiting"),
    refused: count(({ verdict }) => verdict.kind === "refused"),
    notConnected: count(isUnreachable),
  };
}

function planned({ machine, verdict, broken }: Judged): PlannedMachine {
  const { kuid, hostname, agentVersion, connected } = machine;
  const common = { kuid, hostname, agentVersion, connected, broken, verdict: verdict.kind, version: verdict.version };
  switch (verdict.kind) {
    case "update":
      return { ...common, nextVersion: verdict.package.version };
    case "waiting": {
      const { code, reason, untilMs } = verdict;
      return { ...common, code, reason, ...(untilMs !== undefined && { until: moment(untilMs) }) };
    }
    case "refused":
      return { ...common, code: verdict.code, reason: verdict.reason };
    case "right":
    case "updating":
      return common;
    default:
      return verdict satisfies never;
  }
}
