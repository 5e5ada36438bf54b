import { randomBytes } from "node:crypto";
import type { EngineNotes } from "./engine-notes.ts";

/** Where makings are told to the other processes of the engine, which may be asked to delete the old record. */
interface Shared {
  readonly notes: EngineNotes;
  /** What tells the provider's world from others, in which objects may have the same ids. */
  readonly world: () => string;
  /** Hears of what could not be told. */
  readonly report: (error: unknown) => void;
}

/**
 * Tells apart the times that an object was made, where these times gave it the same id.
 *
 * Nothing is made twice: a create finds what its resource has already and takes it over. That is right after a create
 * whose answer was lost, and it is what happens as well when a resource is replaced although nothing about it asks for
 * that (`pulumi up --replace`, a tainted resource, `replaceWith`). The engine then has two records of one object: the
 * new one, and the old one, which it wants deleted. Each record says which making it is of, and the delete of one that
 * another has taken the place of must leave the object alone.
 *
 * The two records may be of two processes: where the resource has got another provider, or its provider was replaced
 * with it. So a making is told to the other processes of the engine, as one of this very world.
 *
 * @example
 * const made = makings.begin(urn, "label-1f"); // a create made or took over this object
 * makings.isSuperseded(urn, "label-1f", "what the old record says"); // true
 * makings.isSuperseded(urn, "label-1f", made); // false
 */
export class Makings {
  readonly #latest = new Map<string, string>();
  #shared: Shared | undefined;

  /** Tells the other processes of an engine from now on, and asks them. */
  share(shared: Shared | undefined): void {
    this.#shared = shared;
  }

  /** A create has made an object or taken it over. Returns what its record is to say. */
  begin(urn: string, id: string): string {
    const made = randomBytes(9).toString("base64url");
    this.#tell("made", urn, id, made);
    return made;
  }

  /**
   * A record that is in force has been seen. A run that was killed before its last delete leaves the old record behind,
   * and the next one, in another process, learns from the comparison with the program which of both counts.
   */
  note(urn: string, id: string, made: string | undefined): void {
    // What is seen last is of the comparison with the program: a refresh, which sees the old record too, comes before it.
    if (made !== undefined) this.#tell("seen", urn, id, made);
  }

  /** Whether a later making has the object now. @param made what the record says; older versions said nothing */
  isSuperseded(urn: string, id: string, made: string | undefined): boolean {
    // What was made in this run is later than any record that was seen in it: a refresh sees the old one.
    const latest =
      this.#withOthers(
        ({ notes, world }) =>
          notes.latest(keyOf("made", urn, id, world())) ?? notes.latest(keyOf("seen", urn, id, world())),
      ) ?? this.#latest.get(keyOf(urn, id));
    return latest !== undefined && latest !== made;
  }

  #tell(how: "made" | "seen", urn: string, id: string, made: string): void {
    this.#latest.set(keyOf(urn, id), made);
    this.#withOthers(({ notes, world }) => notes.say(keyOf(how, urn, id, world()), made));
  }

  /** An object must not be lost because the others could not be told of it. */
  #withOthers<T>(work: (shared: Shared) => T): T | undefined {
    if (this.#shared === undefined) return undefined;
    try {
      return work(this.#shared);
    } catch (error) {
      const { report } = this.#shared;
      this.#shared = undefined;
      report(error);
      return undefined;
    }
  }
}

function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}
