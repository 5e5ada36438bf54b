import type { PolicyFinding, UpdatePolicy } from "../operations/update-policy.ts";
import { problemsOfDates } from "./blackout-dates.ts";
import { problemsOfSteps } from "./rollout-steps.ts";
import { isDenied } from "./wanted-version.ts";
import { problemsOfTimes } from "./windows.ts";

/**
 * What is wrong with a policy whatever machines and bundles there are.
 *
 * @example findingsOfPolicy({ ...DEFAULT_UPDATE_POLICY, enabled: true })[0]?.path // ["enabled"]
 */
export function findingsOfPolicy(policy: UpdatePolicy): PolicyFinding[] {
  return [...findingsOfLimits(policy), ...findingsOfVersion(policy), ...findingsOfTime(policy)];
}

/** The administrator guide: labels, listed machines and their filter are not available with "Deploy to All Machines". */
function findingsOfLimits(policy: UpdatePolicy) {
  const { enabled, updateBrokenAgents, allMachines } = policy;
  const limits = limitsOf(policy);
  if (allMachines) return limits.map((limit) => failure([limit], liftedLimit(limit)));
  if (limits.length > 0 || !enabled || updateBrokenAgents) return [];
  return [
    failure(
      ["enabled"],
      "it would be for nobody: name `labels`, `machines` or a `filter`, or say `allMachines: true` for everybody",
    ),
  ];
}

/**
 * The properties by which a policy is for some machines.
 * @example limitsOf({ ...DEFAULT_UPDATE_POLICY, labels: ["berlin"] }) // ["labels"]
 */
export function limitsOf({ labels, machines, filter }: UpdatePolicy): ("labels" | "machines" | "filter")[] {
  return [
    ...(labels.length > 0 ? (["labels"] as const) : []),
    ...(machines.length > 0 ? (["machines"] as const) : []),
    ...(filter !== undefined ? (["filter"] as const) : []),
  ];
}

/** Why a policy that is for everybody has no limit. @param limit `labels`, `machines` or `filter` */
export function liftedLimit(limit: string): string {
  return `\`${limit}\` limits the policy, and \`allMachines\` lifts all limits: leave one of them out`;
}

function findingsOfVersion({ version, deniedVersions }: UpdatePolicy): PolicyFinding[] {
  const index = deniedVersions.findIndex((denied) => isDenied(version, { version, deniedVersions: [denied] }));
  if (version === "latest" || version === "n-1" || index < 0) return [];
  return [failure(["version"], `${version} is denied by deniedVersions[${index}]`)];
}

function findingsOfTime({ windows, blackoutWindows, blackoutDates, rollout }: UpdatePolicy): PolicyFinding[] {
  const problems = [
    ...problemsOfTimes({ windows, blackoutWindows }),
    ...problemsOfDates(blackoutDates),
    ...problemsOfSteps(rollout),
  ];
  const last = rollout.at(-1);
  return [
    ...problems.map(({ path, message }) => failure([...path], message)),
    ...(last !== undefined && last.percent < 100
      ? [
          warning(
            ["rollout", rollout.length - 1, "percent"],
            `the rollout ends at ${last.percent} percent: the rest is not updated until the policy changes`,
          ),
        ]
      : []),
  ];
}

export function failure(path: PolicyFinding["path"], message: string): PolicyFinding {
  return { path, message, severity: "failure" };
}

export function warning(path: PolicyFinding["path"], message: string): PolicyFinding {
  return { path, message, severity: "warning" };
}
