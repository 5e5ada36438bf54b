import { randomBytes } from "node:crypto";

/**
 * Tells apart the times that an object was made, where these times gave it the same id.
 *
 * Nothing is made twice: a create finds what its resource has already and takes it over. That is right after a create
 * whose answer was lost, and it is what happens as well when a resource is replaced although nothing about it asks for
 * that (`pulumi up --replace`, a tainted resource, `replaceWith`). The engine then has two records of one object: the
 * new one, and the old one, which it wants deleted. Each record says which making it is of, and the delete of one that
 * another has taken the place of must leave the object alone.
 *
 * @example
 * const made = makings.begin(urn, "label-1f"); // a create made or took over this object
 * makings.isSuperseded(urn, "label-1f", "what the old record says"); // true
 * makings.isSuperseded(urn, "label-1f", made); // false
 */
export class Makings {
  readonly #latest = new Map<string, string>();

  /** A create has made an object or taken it over. Returns what its record is to say. */
  begin(urn: string, id: string): string {
    const made = randomBytes(9).toString("base64url");
    this.note(urn, id, made);
    return made;
  }

  /**
   * A record that is in force has been seen. A run that was killed before its last delete leaves the old record behind,
   * and the next one, in another process, learns from the comparison with the program which of both counts.
   */
  note(urn: string, id: string, made: string | undefined): void {
    if (made !== undefined) this.#latest.set(keyOf(urn, id), made);
  }

  /** Whether a later making has the object now. @param made what the record says; older versions said nothing */
  isSuperseded(urn: string, id: string, made: string | undefined): boolean {
    const latest = this.#latest.get(keyOf(urn, id));
    return latest !== undefined && latest !== made;
  }
}

function keyOf(urn: string, id: string): string {
  return JSON.stringify([urn, id]);
}
