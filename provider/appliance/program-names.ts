/** What a program gives a name on an appliance. */
export interface NamedThing {
  /** What has the name, as its resource is called: `Label`. */
  readonly kind: string;
  /** Where names of this kind are unique; empty: on the whole appliance. */
  readonly organization: string;
  readonly name: string;
}

/** A named thing that names others of its kind. */
export interface Referring extends NamedThing {
  readonly urn: string;
  /** What it was called until now. */
  readonly before?: string | undefined;
  readonly names: readonly string[];
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
  readonly #referring = new Map<string, Referring>();

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

  /**
   * What of its kind a resource names in turn, in the place of what it named before.
   *
   * @example names.refer(urnOfA, { kind: "Label", organization: "default", name: "a" }, { before: "old", names: ["b"] })
   */
  refer(urn: string, thing: NamedThing, { before, names }: Pick<Referring, "before" | "names">): void {
    this.#referring.set(JSON.stringify([urn, thing.kind]), { ...thing, urn, before, names });
  }

  /** What of a kind and an organization the resources of the same program are and name, as far as they came by. */
  referring(urn: string, { kind, organization }: Omit<NamedThing, "name">): Referring[] {
    const program = programOf(urn);
    return [...this.#referring.values()].filter(
      (one) => one.kind === kind && one.organization === organization && programOf(one.urn) === program,
    );
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
