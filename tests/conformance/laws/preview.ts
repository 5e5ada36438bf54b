import * as fc from "fast-check";
import * as calls from "../calls.ts";
import { demand, eachResource, forAll, inCase, type Law } from "../law.ts";
import { must, ResourceInProgram } from "../program.ts";
import type { SideEffects, Subject } from "../subject.ts";

const law = { letter: "f", title: "a preview changes nothing" } as const;

/** Law (f). */
export const preview: Law = {
  ...law,
  async holds(subject) {
    const effects = subject.options.sideEffects;
    if (effects === undefined) return 0;
    const resources = await eachResource(subject, (resource) => {
      const cases = fc.record({ before: resource.generator.inputs, after: resource.generator.inputs });
      return forAll(law, resource.token, cases, subject.runs, async ({ before, after }) => {
        const plugin = await subject.plugin();
        const object = new ResourceInProgram(plugin, resource);
        const watch = watcher(effects);
        const inputs = await watch("Check", () => object.check(before));
        await watch("the preview of Create", async () =>
          must(await calls.create(plugin, object.target, { inputs, preview: true }), "the preview of Create"),
        );
        const recorded = await object.create(inputs);
        const news = await watch("Check", () => object.check(after, recorded.inputs));
        const diffed = await watch("Diff", async () => must(await object.diff(recorded, news), "Diff"));
        await watch("Read", async () => must(await object.read(recorded), "Read"));
        if (diffed.replaces.length === 0) {
          await watch("the preview of Update", async () =>
            must(await object.tryUpdate(recorded, news, { preview: true }), "the preview of Update"),
          );
        }
        must(await object.delete(recorded), "Delete");
      });
    });
    return resources + (await elsewhere(subject, effects));
  },
};

async function elsewhere(subject: Subject, effects: SideEffects): Promise<number> {
  const watch = watcher(effects);
  const plugin = await subject.plugin();
  const config = subject.options.config ?? {};
  let cases = await inCase(law, "the configuration", async () => {
    await watch("CheckConfig", () => calls.checkConfig(plugin, subject.schema.name, config));
    await watch("DiffConfig", () => calls.diffConfig(plugin, subject.schema.name, config, config));
  });
  for (const { token, inputs } of subject.functions) {
    cases += await forAll(law, token, inputs, subject.runs, (given) =>
      watch("Invoke in a preview", async () => void (await calls.invoke(plugin, token, given, true))),
    );
  }
  return cases;
}

/** Runs a step and counts what it did to the world. */
function watcher(effects: SideEffects) {
  return async <T>(what: string, step: () => Promise<T>): Promise<T> => {
    const before = await effects.count();
    const result = await step();
    const after = await effects.count();
    demand(after === before, `${what} changed the world ${after - before} times`);
    return result;
  };
}
