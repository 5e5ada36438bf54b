import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import type { Diffed } from "../calls.ts";
import { demand, eachResource, forAll, type Law } from "../law.ts";
import { must, type Recorded, ResourceInProgram } from "../program.ts";
import type { Subject, SubjectResource } from "../subject.ts";
import { type JsonMap, look, parsePath, reveal } from "../wire.ts";

const law = { letter: "e", title: "Diff(x, x) is none, and every difference is told exactly" } as const;

/** Law (e). */
export const diff: Law = {
  ...law,
  async holds(subject) {
    const same = await eachResource(subject, (resource) => pairs(subject, resource));
    return same + (await eachResource(subject, (resource) => mutations(subject, resource)));
  },
};

function pairs(subject: Subject, resource: SubjectResource): Promise<number> {
  const cases = fc.record({ before: resource.generator.inputs, after: resource.generator.inputs });
  return forAll(law, resource.token, cases, subject.runs, async ({ before, after }) => {
    const object = new ResourceInProgram(await subject.plugin(), resource);
    const recorded = await object.create(await object.check(before));
    await demandNone(object, recorded, recorded.inputs, "Diff(x, x)");

    const news = await object.check(after, recorded.inputs);
    const diffed = must(await object.diff(recorded, news), "Diff");
    demandWhole(diffed, recorded, news);
    demandScalarsSeen(resource, diffed, recorded.inputs, news);
    const keys = [...new Set([...Object.keys(recorded.inputs), ...Object.keys(news)])];
    const ignoring = must(await object.diff(recorded, news, keys), "Diff that ignores everything");
    demand(
      ignoring.changes === "NONE",
      `Diff finds differences in ${[...ignoring.detailed.keys()].join(", ")}, and all of it is to be ignored`,
    );

    let last = recorded;
    if (diffed.changes === "SOME" && diffed.replaces.length === 0) {
      last = await object.update(recorded, news);
      await demandNone(object, last, news, "Diff after Update");
    }
    must(await object.delete(last), "Delete");
  });
}

async function mutations(subject: Subject, resource: SubjectResource): Promise<number> {
  let cases = 0;
  for (const mutation of resource.generator.mutations ?? []) {
    cases += await forAll(
      law,
      `${resource.token}, ${mutation.name}`,
      resource.generator.inputs,
      Math.ceil(subject.runs / 4),
      async (inputs) => {
        const object = new ResourceInProgram(await subject.plugin(), resource);
        const recorded = await object.create(await object.check(inputs));
        const news = await object.check(mutation.apply(inputs), recorded.inputs);
        const diffed = must(await object.diff(recorded, news), "Diff");
        demandWhole(diffed, recorded, news);
        const says = diffed.changes === "NONE" ? "none" : diffed.replaces.length > 0 ? "replace" : "update";
        demand(
          says === mutation.expect,
          () => `${mutation.name} is "${says}", and should be "${mutation.expect}" (${describe(diffed)})`,
        );
        if (mutation.path !== undefined)
          demand(
            diffed.detailed.has(mutation.path),
            () => `the detailed diff does not name ${mutation.path} (${describe(diffed)})`,
          );
        must(await object.delete(recorded), "Delete");
      },
    );
  }
  return cases;
}

async function demandNone(object: ResourceInProgram, recorded: Recorded, news: JsonMap, what: string): Promise<void> {
  const diffed = must(await object.diff(recorded, news), what);
  const nothing =
    diffed.changes === "NONE" &&
    diffed.replaces.length === 0 &&
    diffed.diffs.length === 0 &&
    diffed.detailed.size === 0;
  demand(nothing, () => `${what} is not "none" (${describe(diffed)})`);
}

/** The promises that the protocol makes of every answer of Diff. */
function demandWhole(diffed: Diffed, { inputs, outputs }: Recorded, news: JsonMap): void {
  const said = () => describe(diffed);
  demand(diffed.changes !== "UNKNOWN", "Diff does not say whether something changed");
  if (diffed.changes === "NONE") {
    demand(
      diffed.replaces.length + diffed.diffs.length + diffed.detailed.size === 0,
      () => `Diff says "none" and names differences (${said()})`,
    );
    return;
  }
  demand(new Set(diffed.diffs).size === diffed.diffs.length, () => `a property is named twice (${said()})`);
  demand(
    diffed.hasDetailedDiff === diffed.detailed.size > 0,
    () => `hasDetailedDiff is ${diffed.hasDetailedDiff}, and there are ${diffed.detailed.size} details`,
  );
  const tops = new Set<string>();
  let replacing = false;
  for (const [text, { kind, inputDiff }] of diffed.detailed) {
    const path = parsePath(text);
    demand(path !== undefined, () => `${JSON.stringify(text)} is no property path`);
    tops.add(String(path[0]));
    replacing ||= kind.endsWith("_REPLACE");
    const before = look(inputDiff ? inputs : outputs, path);
    const after = look(news, path);
    if (!inputDiff) continue; // the other side of an output is in the world, not in the request
    demand(
      kind.startsWith("ADD") === (before.value === undefined),
      () => `${text} is ${kind}, and the old inputs ${before.value === undefined ? "lack" : "have"} it`,
    );
    demand(
      kind.startsWith("DELETE") === (after.value === undefined),
      () => `${text} is ${kind}, and the new inputs ${after.value === undefined ? "lack" : "have"} it`,
    );
  }
  for (const top of diffed.diffs) demand(tops.has(top), () => `${top} differs, and no detail says where (${said()})`);
  for (const top of tops)
    demand(
      diffed.diffs.includes(top),
      () => `a detail stands in ${top}, which is not among the differences (${said()})`,
    );
  for (const path of diffed.replaces)
    demand(
      tops.has(String(parsePath(path)?.[0])),
      () => `${path} replaces, and is not among the differences (${said()})`,
    );
  demand(
    replacing === diffed.replaces.length > 0,
    () => `replaces and the kinds of the details do not agree (${said()})`,
  );
}

/** A changed text, number or boolean at the top is a difference, and a replacement where the schema says so. */
function demandScalarsSeen(resource: SubjectResource, diffed: Diffed, before: JsonMap, after: JsonMap): void {
  for (const [name, type] of Object.entries(resource.schema.inputProperties ?? {})) {
    const old = before[name];
    const now = after[name];
    if (
      old === undefined ||
      now === undefined ||
      type.type === undefined ||
      type.type === "array" ||
      type.type === "object"
    )
      continue;
    if (isDeepStrictEqual(reveal(old), reveal(now))) continue;
    demand(diffed.diffs.includes(name), () => `${name} changed and Diff does not say so (${describe(diffed)})`);
    if (type.willReplaceOnChanges === true)
      demand(
        diffed.replaces.length > 0,
        () => `${name} replaces by the schema, and Diff does not (${describe(diffed)})`,
      );
  }
}

function describe(diffed: Diffed): string {
  const details = [...diffed.detailed].map(
    ([path, { kind, inputDiff }]) => `${path}: ${kind}${inputDiff ? "" : " of an output"}`,
  );
  return `changes ${diffed.changes}, diffs [${diffed.diffs.join(", ")}], replaces [${diffed.replaces.join(", ")}], details {${details.join(", ")}}`;
}
