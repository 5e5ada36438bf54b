import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { SEED } from "../random-seed.ts";
import type { Subject, SubjectResource } from "./subject.ts";

/** A rule that every provider keeps. */
export interface Law {
  readonly letter: string;
  readonly title: string;
  /**
   * @returns how many cases were looked at; 0 if the provider has nothing that the law is about
   * @throws LawBrokenError that says which case breaks it and how
   */
  holds(subject: Subject): Promise<number>;
}

/** A case in which a law does not hold. */
export class LawBrokenError extends Error {
  constructor(law: Pick<Law, "letter" | "title">, where: string, problem: string, options?: ErrorOptions) {
    super(`law (${law.letter}) "${law.title}" does not hold for ${where}:\n${problem}`, options);
    this.name = "LawBrokenError";
  }
}

/** What a case says when it finds a law broken. */
export class Broken extends Error {}

/** @throws Broken unless the condition holds */
export function demand(condition: boolean, problem: string | (() => string)): asserts condition {
  if (!condition) throw new Broken(typeof problem === "string" ? problem : problem());
}

/**
 * How long one property may be tried, and look for a smaller counterexample. The case that is under way then is left
 * alone, with what it made, so this is far above what a property needs on a busy machine.
 */
const PROPERTY_LIMIT_MS = 180_000;

/** How often the properties of a law and a place were tried: each time has values of its own. */
const tried = new Map<string, number>();

/**
 * The seed of one property. With one for all of them every property would begin with the same "distinct" texts, and a
 * text that is a secret here may be a name there, which stands in a log.
 */
function seedOf(letter: string, where: string): number {
  const property = `${letter} ${where}`;
  const times = tried.get(property) ?? 0;
  tried.set(property, times + 1);
  return createHash("sha256").update(`${SEED} ${property} ${times}`).digest().readInt32BE();
}

/**
 * Tries a case with generated values. A failure is reported with the smallest values that were found to break it and
 * the seed that makes them again.
 *
 * @param runs how many; a property that is tried once only takes long, so that no smaller counterexample is looked for
 * @returns how many cases were tried
 */
export async function forAll<T>(
  law: Pick<Law, "letter" | "title">,
  where: string,
  arbitrary: fc.Arbitrary<T>,
  runs: number,
  check: (value: T) => Promise<void>,
): Promise<number> {
  const details = await fc.check(fc.asyncProperty(arbitrary, check), {
    numRuns: runs,
    seed: seedOf(law.letter, where),
    endOnFailure: runs === 1,
    interruptAfterTimeLimit: PROPERTY_LIMIT_MS,
    markInterruptAsFailure: false,
  });
  if (!details.failed) return details.numRuns;
  const error = details.errorInstance;
  const problem = error instanceof Error ? error.message : String(error);
  const example = JSON.stringify(details.counterexample?.[0], undefined, 1) ?? "";
  const shown = example.length > 3000 ? `${example.slice(0, 3000)}...` : example;
  throw new LawBrokenError(law, where, `${problem}\nwith ${shown}\n(TEST_SEED=${SEED})`, {
    cause: error,
  });
}

/** Runs a single case of a law. */
export async function inCase(
  law: Pick<Law, "letter" | "title">,
  where: string,
  check: () => Promise<void>,
): Promise<number> {
  try {
    await check();
    return 1;
  } catch (error) {
    if (error instanceof LawBrokenError) throw error;
    throw new LawBrokenError(law, where, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Runs a case for each resource, one after the other, and adds up the numbers of cases. */
export async function eachResource(
  subject: Subject,
  check: (resource: SubjectResource) => Promise<number>,
): Promise<number> {
  let cases = 0;
  for (const resource of subject.resources) cases += await check(resource);
  return cases;
}
