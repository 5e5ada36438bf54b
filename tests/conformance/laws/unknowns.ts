import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import * as calls from "../calls.ts";
import { demand, eachResource, forAll, type Law } from "../law.ts";
import { must, ResourceInProgram } from "../program.ts";
import {
  formatPath,
  type Json,
  type JsonMap,
  leavesOf,
  look,
  open,
  placesOf,
  replaceIn,
  reveal,
  signatureOf,
  UNKNOWNS,
} from "../wire.ts";

const law = {
  letter: "c",
  title: "a value that is not known yet breaks nothing, and nothing is invented from it",
} as const;

/** Law (c). */
export const unknowns: Law = {
  ...law,
  holds: (subject) =>
    eachResource(subject, (resource) => {
      const cases = fc.record({
        inputs: resource.generator.inputs,
        place: fc.nat(),
        kind: fc.constantFrom(...Object.values(UNKNOWNS)),
      });
      return forAll(law, resource.token, cases, subject.runs * 2, async ({ inputs, place, kind }) => {
        const plugin = await subject.plugin();
        const object = new ResourceInProgram(plugin, resource);
        const known = await object.check(inputs);
        const places = placesOf(inputs).filter(({ path }) => look(known, path).value !== undefined);
        const chosen = places[place % Math.max(1, places.length)];
        const partly = chosen === undefined ? known : replaceIn(known, chosen.path, () => kind);
        const where = chosen === undefined ? "nowhere" : formatPath(chosen.path);

        const { inputs: checked, failures } = must(
          await calls.check(plugin, object.target, { news: partly }),
          `Check with an unknown value at ${where}`,
        );
        demand(failures.length === 0, () => `Check refuses an unknown value at ${where}: ${JSON.stringify(failures)}`);
        if (chosen !== undefined)
          demand(look(checked, chosen.path).unknown, () => `Check put a value in place of the unknown one at ${where}`);

        const created = must(
          await calls.create(plugin, object.target, { inputs: checked, preview: true }),
          `the preview of Create with an unknown value at ${where}`,
        );
        if (chosen !== undefined) demandNotInvented(created.properties, chosen.path, "the preview of Create");

        const recorded = await object.create(known);
        demandTrue(created.properties, recorded.outputs, `the preview of Create with an unknown value at ${where}`);
        const diffed = must(await object.diff(recorded, checked), `Diff with an unknown value at ${where}`);
        if (diffed.replaces.length === 0 && diffed.changes !== "NONE") {
          const updated = must(
            await object.tryUpdate(recorded, checked, { preview: true }),
            `the preview of Update with an unknown value at ${where}`,
          );
          if (chosen !== undefined) demandNotInvented(updated.properties, chosen.path, "the preview of Update");
        }
        must(await object.delete(recorded), "Delete");
      });
    }),
};

function demandNotInvented(
  outputs: JsonMap,
  path: (string | number)[] | readonly (string | number)[],
  what: string,
): void {
  const output = look(outputs, path);
  demand(
    output.value === undefined || output.unknown,
    () => `${what} says ${JSON.stringify(output.value)} at ${formatPath(path)}, where the input is not known yet`,
  );
}

/** What a preview says it knows is what comes to be, whatever the unknown value turns out to be. */
function demandTrue(previewed: JsonMap, real: JsonMap, what: string): void {
  for (const { path, value } of leavesOf(previewed)) {
    if (look(previewed, path).unknown || signatureOf(open(value).value) !== undefined) continue;
    const came = look(real, path).value;
    demand(
      came !== undefined && isDeepStrictEqual(plain(came), plain(value)),
      () => `${what} says ${JSON.stringify(value)} at ${formatPath(path)}, and it came to be ${JSON.stringify(came)}`,
    );
  }
}

function plain(value: Json): Json {
  return reveal(value);
}
