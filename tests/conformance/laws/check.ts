import { isDeepStrictEqual } from "node:util";
import * as calls from "../calls.ts";
import { demand, eachResource, forAll, type Law } from "../law.ts";
import { must, ResourceInProgram } from "../program.ts";
import type { JsonMap } from "../wire.ts";

const law = { letter: "b", title: "Check is idempotent, and the same for the same random seed" } as const;

/** Law (b). */
export const check: Law = {
  ...law,
  holds: (subject) =>
    eachResource(subject, (resource) =>
      forAll(law, resource.token, resource.generator.inputs, subject.runs * 2, async (inputs) => {
        const plugin = await subject.plugin();
        const object = new ResourceInProgram(plugin, resource);
        const first = await object.check(inputs);
        if (!resource.guessed) {
          const again = must(
            await calls.check(plugin, object.target, { news: inputs }),
            "the second Check of the same inputs",
          );
          demandSame(first, again.inputs, "the same inputs and the same seed, checked twice, differ");
        }
        const checked = must(await calls.check(plugin, object.target, { news: first }), "Check of checked inputs");
        demand(
          checked.failures.length === 0,
          () => `Check refuses its own result: ${JSON.stringify(checked.failures)}`,
        );
        demandSame(first, checked.inputs, "check(check(x)) is not check(x)");
        const withOlds = must(
          await calls.check(plugin, object.target, { news: first, olds: first }),
          "Check with old inputs",
        );
        demandSame(first, withOlds.inputs, "check(check(x)) with the old inputs at hand is not check(x)");
      }),
    ),
};

function demandSame(a: JsonMap, b: JsonMap, problem: string): void {
  demand(isDeepStrictEqual(a, b), () => `${problem}:\n  ${JSON.stringify(a)}\n  ${JSON.stringify(b)}`);
}
