import type { Output } from "../appliance/appliance.ts";
import { liftedLimit } from "../appliance/updates/findings.ts";
import type { PreviewOf } from "../kit/define/plain.ts";
import type { Finding } from "../kit/define/resource.ts";
import { Unknown } from "../kit/define/value.ts";
import type { PolicyInputs } from "./agent-update-policy-inputs.ts";
import { wholly } from "./known.ts";
import { labelsOfFilter, type NamedLabel } from "./missing-labels.ts";

type Plan = Output<"planUpdates">;

/** What limits a policy that is for everybody: wrong whatever it is, so that it is refused also while it is not known. */
export function findingsOfLifted(given: PreviewOf<PolicyInputs>): Finding[] {
  if (given.allMachines !== true) return [];
  return (["labels", "machines", "filter"] as const)
    .filter((limit) => {
      const value = given[limit];
      return value !== undefined && !(Array.isArray(value) && value.length === 0);
    })
    .map((limit) => ({ path: [limit], reason: liftedLimit(limit) }));
}

/** What the appliance finds about a policy, at the properties of a program. */
export function findingsOf({ findings }: Pick<Plan, "findings">): Finding[] {
  return findings.flatMap(({ path, message, severity }): Finding[] => {
    const own = path.map((part) => (part === "afterSeconds" ? "after" : part));
    // Labels are looked for by themselves: they may be made by the same update, and so may bundles.
    if (isMissingLabel({ path, severity })) return [];
    const isBundle = own[0] === "version" && message.includes("in no loaded bundle");
    return [{ path: own, reason: message, severity: isBundle ? "warning" : severity }];
  });
}

/** The labels that a policy names, as far as they are known. */
export function labelsOf({ labels, filter }: PreviewOf<PolicyInputs>): NamedLabel[] {
  const known = wholly<Pick<PolicyInputs, "filter">>({ filter });
  const listed = labels === undefined || labels instanceof Unknown ? [] : labels;
  return [
    ...listed.flatMap((name, index) => (typeof name === "string" ? [{ name, path: ["labels", index] }] : [])),
    ...labelsOfFilter(known?.filter, ["filter"]),
  ];
}

/** What is said of all labels, or of the filter, is no label: that nobody is meant, for one. */
function isMissingLabel({ path, severity }: Pick<Plan["findings"][number], "path" | "severity">): boolean {
  return severity === "warning" && path.length > 1 && (path[0] === "labels" || path[0] === "filter");
}

/**
 * What a policy would do now, in one line; undefined where it depends on labels and bundles that are still to be made.
 *
 * @example plannedLine(await appliance.planUpdates({ changes })) // "2 of 5 machines would be updated now, to 1.5.0; 3 waiting"
 */
export function plannedLine({ findings, counts, machines, closed }: Omit<Plan, "percent">): string | undefined {
  if (findings.some(({ path: [property] }) => property === "labels" || property === "filter" || property === "version"))
    return undefined;
  const { update, updating, waiting, right, refused } = counts;
  const total = update + updating + waiting + right + refused;
  if (total === 0) return undefined;
  const updated = machines.filter(({ verdict }) => verdict === "update");
  const versions = [...new Set(updated.map(({ version, nextVersion }) => nextVersion ?? version))];
  const to = versions.length === 0 ? "" : `, to ${versions.join(" or ")}`;
  const others = [
    [updating, "under way"],
    [waiting, "waiting"],
    [right, "right already"],
    [refused, "refused"],
  ] as const;
  const rest = others.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const why = closed === undefined ? [] : [closed.reason];
  return [`${update} of ${total} machines would be updated now${to}`, ...rest, ...why].join("; ");
}
