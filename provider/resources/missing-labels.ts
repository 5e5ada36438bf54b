import type { ApplianceAccess } from "../appliance/access.ts";
import { conditionsOf, type MachineFilter } from "../appliance/filter/filter.ts";
import type { Path } from "../kit/define/path.ts";
import type { Finding } from "../kit/define/resource.ts";
import { foundOrGone } from "./found-or-gone.ts";

/** A label that a program names, and where. */
export interface NamedLabel {
  readonly name: string;
  readonly path: Path;
}

/** The labels that a filter names. @param at where the filter is */
export function labelsOfFilter(filter: MachineFilter | undefined, at: Path): NamedLabel[] {
  if (filter === undefined) return [];
  return conditionsOf(filter).flatMap(({ condition, path }) =>
    condition.property === "label" ? [{ name: condition.value, path: [...at, ...path, "value"] }] : [],
  );
}

/**
 * Warns of labels that are neither on the appliance nor among those of the program that have come by: who names them is
 * refused, unless they are made before. An organization that is still to be made has none.
 *
 * @param asking the resource that names them; nothing is said while its organization is not known
 * @example findingsOfMissing([{ name: "web", path: ["labels", 0] }], { urn, organization: "default" }, client)
 */
export async function findingsOfMissing(
  named: readonly NamedLabel[],
  { urn, organization }: { readonly urn: string; readonly organization: unknown },
  client: ApplianceAccess,
): Promise<Finding[]> {
  if (typeof organization !== "string") return [];
  const open = named.filter(({ name }) => !client.names.has(urn, { kind: "Label", organization, name }));
  if (open.length === 0) return [];
  return client.read(async (appliance) => {
    const missing = new Map<string, boolean>();
    for (const { name } of open) {
      if (missing.has(name)) continue;
      missing.set(name, ((await foundOrGone(appliance.findLabelByName({ name }))) ?? null) === null);
    }
    return open
      .filter(({ name }) => missing.get(name) === true)
      .map(({ name, path }) => ({
        path,
        severity: "warning",
        reason: `there is no label "${name}" yet: unless the same update makes it first, it is refused; name it by the \`name\` of its \`Label\`, so that it comes first`,
      }));
  });
}
