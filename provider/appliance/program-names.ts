/** What a program gives a name on an appliance. */
export interface NamedThing {
  /** What has the name, as its resource is called: `Label`. */
  readonly kind: string;
  /** Where names of this kind are unique; empty: on the whole appliance. */
  readonly organization: string;
  readonly name: string;
}

/**
 * The names that the resources of a program have on the appliance, as far as the engine has asked about them: what one
 * resource names may be made by the same update, and what two name alike cannot be made.
 *
 * A plugin process sees only the resources of its own provider, in an order that the program's dependencies decide: what
 * is not here may still come.
 *
 * @example
 * names.give(urnOfA, { kind: "Label", organization: "default", name: "web" }); // undefined: it is free
 * names.give(urnOfB, { kind: "Label", organization: "default", name: "web" }); // the URN of A
 */
export class ProgramNames {
  readonly #holders = new Map<string, string>();
  readonly #given = new Map<string, string>();

  /** A resource has a name from now on, in the place of the one before. Returns the URN of another that has it already. */
  give(urn: string, thing: NamedThing): string | undefined {
    const key = keyOf(urn, thing);
    const holder = this.#holders.get(key);
    if (holder !== undefined && holder !== urn) return holder;
    const own = JSON.stringify([urn, thing.kind]);
    const before = this.#given.get(own);
    if (before !== undefined) this.#holders.delete(before);
    this.#given.set(own, key);
    this.#holders.set(key, urn);
    return undefined;
  }

  /** Whether a resource of the same program has a name. @param urn of any resource of that program */
  has(urn: string, thing: NamedThing): boolean {
    return this.#holders.has(keyOf(urn, thing));
  }
}

function keyOf(urn: string, { kind, organization, name }: NamedThing): string {
  return JSON.stringify([programOf(urn), kind, organization, name]);
}

/** What the URNs of a program have in common: its stack and its project. */
export function programOf(urn: string): string {
  return urn.split("::", 2).join("::");
}
