import * as fc from "fast-check";
import type { ResourceGenerator } from "./generators.ts";
import type { JsonMap } from "./wire.ts";

/** An organization that the world of the tests has beside the one there always is. */
export const ELSEWHERE = "elsewhere";

/**
 * The same resource with and without the name of its organization, and replaced by another one.
 *
 * @param bound takes away what only the organization there always is can have
 */
export function inAnOrganization(
  generator: ResourceGenerator,
  bound: (inputs: JsonMap) => JsonMap = (inputs) => inputs,
): ResourceGenerator {
  const organization = fc.constantFrom(undefined, "default", ELSEWHERE);
  return {
    ...generator,
    inputs: fc.tuple(organization, generator.inputs).map(([named, inputs]): JsonMap => {
      if (named === undefined) return inputs;
      return { ...(named === ELSEWHERE ? bound(inputs) : inputs), organization: named };
    }),
    mutations: [
      ...(generator.mutations ?? []).map((mutation) => ({
        ...mutation,
        apply: (inputs: JsonMap) => {
          const mutated = mutation.apply(inputs);
          return mutated["organization"] === ELSEWHERE ? bound(mutated) : mutated;
        },
      })),
      {
        name: "another organization",
        apply: (inputs) => ({ ...bound(inputs), organization: "nowhere" }),
        expect: "replace",
        path: "organization",
      },
    ],
  };
}
