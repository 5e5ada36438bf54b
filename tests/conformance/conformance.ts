import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LAWS } from "./laws/all.ts";
import { Subject, type SubjectOptions } from "./subject.ts";

/** Far above what a law needs: a provider that hangs is reported by the law itself, not by this limit. */
const LAW_LIMIT_MS = 300_000;

/**
 * Declares one test for each law that providers keep, run against a provider's executable over gRPC as the engine
 * would. A law about something that the provider does not have must be named in `without`, and the test sees to it that
 * the list is true.
 *
 * @example describeConformance({ name: "fixture", command: ["tests/fixture/bin/pulumi-resource-fixture"], env: {} })
 */
export function describeConformance(options: SubjectOptions): void {
  describe(`the provider ${options.name}`, () => {
    let subject: Subject;
    beforeAll(async () => {
      subject = await Subject.open(options);
    }, LAW_LIMIT_MS);
    afterAll(async () => {
      await subject?.close();
    });
    for (const law of LAWS) {
      if (options.without?.includes(law.letter)) {
        test(`has nothing yet that law (${law.letter}) is about: ${law.title}`, { timeout: LAW_LIMIT_MS }, async () => {
          expect(await law.holds(subject)).toBe(0);
        });
        continue;
      }
      test(`keeps law (${law.letter}): ${law.title}`, { timeout: LAW_LIMIT_MS }, async () => {
        expect(
          await law.holds(subject),
          `law (${law.letter}) found nothing of ${options.name} to try: give \`generators\` whose inputs pass the check, give \`sideEffects\`, or name the law in \`without\``,
        ).toBeGreaterThan(0);
      });
    }
  });
}
