import { isRight } from "./codes.ts";
import type { Ending, Outcome } from "./outcome.ts";
import { outcomeOf } from "./outcome.ts";
import type { ClassCounts, Summary } from "./summary.ts";
import { noCounts, summaryOf } from "./summary.ts";
import type { Target } from "./world.ts";

/** What an earlier run or the state knows of a machine. */
export type Recorded = Pick<Outcome, "class" | "code">;

/** A machine that a target claimed, and the targets that turned out to be the same. */
interface Claim {
  /** The target that is worked on for it. */
  readonly worker: string;
  /** Where it is filed. */
  key: string;
  turn: number;
  recorded: boolean;
  /** Keys of the other targets; absent while there is none, which is nearly always. */
  others?: string[];
  /** Where its outcome is, once there is one. */
  settled: boolean;
}

/**
 * Keeps the outcomes of a run: exactly one for every target, and counts that add up.
 *
 * Two targets that are one machine are worked on once. Its outcome is filed under the key that is recorded already, or
 * else under the one that comes first in the list of targets, so that a second run files it in the same place; the
 * other target's own outcome, `same-machine`, is not counted. Absent addresses are only counted, because a range may
 * have millions of them.
 */
export class Tally {
  readonly outcomes = new Map<string, Outcome>();
  readonly #counts = noCounts();
  readonly #claims = new Map<string, Claim>();
  readonly #claimOf = new Map<string, Claim>();
  readonly #recorded: ReadonlyMap<string, Recorded>;
  readonly #expected: number;
  #ended = 0;
  #duplicates = 0;

  /** @param expected how many targets there are */
  constructor(expected: number, recorded: ReadonlyMap<string, Recorded>) {
    this.#expected = expected;
    this.#recorded = recorded;
  }

  /** Whether an earlier run saw a machine at this target. */
  isKnown(key: string): boolean {
    const recorded = this.#recorded.get(key);
    return recorded !== undefined && recorded.class !== "absent";
  }

  /** How things stand: `total` is all that is expected, less the duplicates that were found, not only what has ended. */
  standing(): ClassCounts & { readonly total: number } {
    return { ...this.#counts, total: this.#expected - this.#duplicates };
  }

  /** How many of these ended so far, read without making anything. */
  count(outcomeClass: keyof ClassCounts): number {
    return this.#counts[outcomeClass];
  }

  /**
   * Says that the machine at this target has this identity. True: it is this target's to work on. False: another target
   * stands for it, and this one needs no further ending; `changed` gets what is to be written down now.
   *
   * @param turn the target's place in the list
   */
  claim(
    target: Target,
    turn: number,
    identity: string | undefined,
    durationMs: number,
    changed: (outcome: Outcome) => void,
  ): boolean {
    if (identity === undefined) return true;
    const claim = this.#claims.get(identity);
    if (claim === undefined) {
      const { key } = target;
      const first: Claim = { worker: key, key, turn, recorded: this.isKnown(key), settled: false };
      this.#claims.set(identity, first);
      this.#claimOf.set(key, first);
      return true;
    }
    this.#ended++;
    this.#duplicates++;
    claim.others ??= [];
    const recorded = this.isKnown(target.key);
    const moves = recorded === claim.recorded ? turn < claim.turn : recorded;
    const previousKey = claim.key;
    const other = moves ? previousKey : target.key;
    claim.others.push(other);
    if (moves) Object.assign(claim, { key: target.key, turn, recorded });
    const settled = claim.settled ? this.outcomes.get(previousKey) : undefined;
    if (settled !== undefined) {
      this.outcomes.delete(previousKey);
      this.#keep({ ...settled, machine: claim.key, sameAs: [...claim.others] }, changed);
    }
    // The target that is being worked on learns it at its end.
    if (other !== claim.worker || claim.settled) this.#keepDuplicate(other, claim.key, durationMs, changed);
    return false;
  }

  /** Gives a target its outcome; `changed` gets it, and whatever else is to be written down because of it. */
  settle(target: Target, ending: Ending, durationMs: number, changed: (outcome: Outcome) => void): Outcome {
    const claim = this.#claimOf.get(target.key);
    this.#claimOf.delete(target.key);
    this.#ended++;
    const outcome = outcomeOf(claim?.key ?? target.key, target, ending, durationMs, claim?.others?.slice());
    this.#counts[outcome.class]++;
    if (claim !== undefined) claim.settled = true;
    if (outcome.class === "absent") {
      changed(outcome);
      return outcome;
    }
    this.#keep(outcome, changed, ending.log);
    if (claim !== undefined && claim.key !== target.key) {
      this.#keepDuplicate(target.key, claim.key, durationMs, changed);
    }
    return outcome;
  }

  /**
   * The numbers of a run that is over.
   * @throws Error if a target has no outcome or more than one: a fault of the engine that must not stay unseen
   */
  close(): Summary {
    const summary = summaryOf(this.#counts);
    if (this.#ended !== this.#expected || summary.total + this.#duplicates !== this.#expected) {
      throw new Error(
        `a run over ${this.#expected} targets ended with ${this.#ended} endings, ${summary.total} outcomes and ${this.#duplicates} duplicates`,
      );
    }
    return summary;
  }

  #keep(outcome: Outcome, changed: (outcome: Outcome) => void, log?: string): void {
    this.outcomes.set(outcome.machine, outcome);
    changed(log === undefined ? outcome : { ...outcome, log });
  }

  #keepDuplicate(key: string, machine: string, durationMs: number, changed: (outcome: Outcome) => void): void {
    const message = `this is the same machine as ${machine}, where it is counted`;
    changed(outcomeOf(key, { key }, { code: "same-machine", action: "none", message }, durationMs, [machine]));
  }
}

/** The outcomes that are not right, in the order they came in. */
export function notRight(outcomes: Iterable<Outcome>): Outcome[] {
  return [...outcomes].filter((outcome) => outcome.class !== "absent" && !isRight(outcome.class));
}
