import type { ApplianceAccess } from "../appliance/access.ts";
import type { NamedThing } from "../appliance/program-names.ts";
import type { Log } from "../kit/define/call.ts";
import type { Path } from "../kit/define/path.ts";
import type { Finding } from "../kit/define/resource.ts";

/** A name that a resource is to have, and where it says so; an empty one for what an organization has one of. */
export interface WantedName {
  readonly urn: string;
  readonly thing: NamedThing;
  readonly path: Path;
}

/** What has a name on the appliance. */
export interface Holder {
  readonly id: string;
  /** The resource that it was made for; absent where no program made it. */
  readonly urn?: string | undefined;
}

/**
 * Refuses in a check what two resources of one program name alike: the second could not be made.
 *
 * @example
 * findingsOfTwins(client, { urn, thing: { kind: "Label", organization: "default", name: "web" }, path: ["name"] })
 */
export function findingsOfTwins(
  { names }: Pick<ApplianceAccess, "names">,
  { urn, thing, path }: WantedName,
): Finding[] {
  const other = names.give(urn, thing);
  if (other === undefined) return [];
  const repair =
    thing.name === ""
      ? "an organization has only one: put both into one resource, or give one of them another `organization`"
      : "give one of them another name";
  return [{ path, reason: `${other} is ${called(thing)} as well; ${repair}` }];
}

/**
 * Says in a preview what the update is going to refuse: that the name is another's already. It is a warning, since the
 * update may still free the name before, and the appliance may know the other one by the name of a stack that has another
 * name now.
 *
 * @param given the resource as the appliance knows it, where it is there already
 */
export function refuseTaken(
  { urn, thing, path }: WantedName,
  holder: Holder | null | undefined,
  { id, log }: { readonly id?: string | undefined; readonly log: Log },
): void {
  if (holder === null || holder === undefined || holder.id === id || holder.urn === urn) return;
  const message = `there is ${called(thing)} already (${holder.urn ?? holder.id})`;
  log.warn(
    `${path.join(".")}: ${message}: unless the same update frees the name first, this is refused; import that one, or choose another name`,
  );
}

/**
 * Says in an import that what is taken over was made for another resource. It is a warning, since the appliance does not
 * hear of it when a stack gives a thing up, and an import is the only way to what a lost stack has left behind.
 *
 * @example warnOfMaker({ id: "label-1", urn: urnInAnotherStack }, urn, log)
 */
export function warnOfMaker(holder: Holder | null | undefined, urn: string, log: Log): void {
  const maker = holder?.urn;
  if (maker === undefined || maker === urn) return;
  log.warn(
    `it was made for ${maker}: while the stack of that has it, either stack changes it, and deletes it from under the other one; take it out of there first (\`pulumi state delete\`), or look it up instead of importing it`,
  );
}

function called({ kind, organization, name }: NamedThing): string {
  const own = name === "" ? "" : ` "${name}"`;
  return `the ${kind}${own}${organization === "" ? "" : ` of organization "${organization}"`}`;
}
