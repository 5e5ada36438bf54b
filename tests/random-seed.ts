import * as fc from "fast-check";

/**
 * Where the values of property tests come from. By itself every run tries the same ones, so that what passed here
 * passes for the next reader too, and a failure is the fault of a change. `TEST_SEED=random` looks for new
 * counterexamples; a number, which a failure names, makes the same ones again.
 */
const GIVEN = process.env["TEST_SEED"] ?? "20261121";

/** A whole number. */
export const SEED = GIVEN === "random" ? Date.now() % 2 ** 31 : Number(GIVEN);

if (!Number.isInteger(SEED)) throw new Error(`TEST_SEED is "${GIVEN}": expected a whole number, or "random"`);

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED });
