import * as fc from "fast-check";
import { type Answer, describe } from "../answer.ts";
import * as calls from "../calls.ts";
import { isDistinct } from "../generators.ts";
import { demand, eachResource, forAll, type Law } from "../law.ts";
import type { Plugin } from "../plugin.ts";
import { must, ResourceInProgram } from "../program.ts";
import type { TypeSchema } from "../schema.ts";
import type { Subject, SubjectResource } from "../subject.ts";
import {
  formatPath,
  holdsSecret,
  type Json,
  type JsonMap,
  look,
  type Path,
  placesOf,
  readableTexts,
  replaceIn,
  reveal,
  secret,
} from "../wire.ts";

const law = {
  letter: "d",
  title: "what goes in secret comes out secret, and stands in no log, error or failure",
} as const;

/** Law (d). */
export const secrets: Law = {
  ...law,
  async holds(subject) {
    let cases = await eachResource(subject, (resource) => lifecycle(subject, resource));
    cases += await eachResource(subject, (resource) => refused(subject, resource));
    cases += await eachResource(subject, (resource) => faults(subject, resource));
    return cases + (await functions(subject));
  },
};

/** Some of the values of a map, made secret; and the texts that nobody may see from then on. */
function hide(inputs: JsonMap, picks: readonly number[]): { inputs: JsonMap; paths: Path[]; canaries: string[] } {
  const places = placesOf(inputs);
  const paths =
    places.length === 0
      ? []
      : [...new Set(picks.map((pick) => pick % places.length))].map((index) => places[index]?.path ?? []);
  let hidden = inputs;
  const canaries: string[] = [];
  for (const path of paths) {
    hidden = replaceIn(hidden, path, (value) => {
      canaries.push(...readableTexts(reveal(value)).filter(isDistinct));
      return secret(value);
    });
  }
  // The same text may stand elsewhere in the inputs in plain sight: then it tells nothing.
  const seen = new Set(readableTexts(hidden));
  return {
    inputs: hidden,
    paths,
    canaries: canaries.filter((canary) => ![...seen].some((text) => text.includes(canary))),
  };
}

function demandHidden(canaries: readonly string[], texts: readonly string[], where: string): void {
  for (const canary of canaries) {
    const found = texts.find((text) => text.includes(canary) || text.includes(JSON.stringify(canary).slice(1, -1)));
    demand(
      found === undefined,
      () => `the secret ${JSON.stringify(canary)} stands in ${where}: ${JSON.stringify(found?.slice(0, 400))}`,
    );
  }
}

/** What a provider wrote and logged so far. */
function demandQuiet(plugin: Plugin, canaries: readonly string[]): void {
  demandHidden(
    canaries,
    plugin.logs.map((line) => line.message),
    "a log line",
  );
  demandHidden(canaries, [plugin.output], "the output of the process");
}

function demandSecretAt(map: JsonMap, paths: readonly Path[], what: string): void {
  for (const path of paths) {
    const found = look(map, path);
    if (found.value === undefined) continue;
    demand(found.secret, () => `${what} holds ${formatPath(path)} in plain sight, and it went in as a secret`);
  }
}

const picks = fc.array(fc.nat(), { minLength: 1, maxLength: 3 });

function lifecycle(subject: Subject, resource: SubjectResource): Promise<number> {
  const cases = fc.record({ inputs: resource.generator.inputs, next: resource.generator.inputs, picks });
  return forAll(law, resource.token, cases, subject.runs, async ({ inputs: given, next, picks: picked }) => {
    const plugin = await subject.plugin();
    const object = new ResourceInProgram(plugin, resource);
    const { inputs, paths, canaries } = hide(given, picked);
    const watch = (map: JsonMap, what: string) => {
      demandSecretAt(map, paths, what);
      demandHidden(canaries, readableTexts(map), what);
    };
    const checked = await object.check(inputs);
    watch(checked, "the result of Check");
    watch(
      must(await calls.create(plugin, object.target, { inputs: checked, preview: true }), "the preview of Create")
        .properties,
      "the preview of Create",
    );
    const recorded = await object.create(checked);
    watch(recorded.outputs, "the result of Create");
    demandHidden(canaries, [recorded.id], "the id");
    const found = must(await object.read(recorded), "Read");
    watch(found.properties, "the result of Read");
    watch(found.inputs ?? {}, "the inputs that Read gives");
    const hiddenNext = hide(next, picked);
    const news = await object.check(hiddenNext.inputs, checked);
    const diffed = must(await object.diff(recorded, news), "Diff");
    demandHidden(
      [...canaries, ...hiddenNext.canaries],
      [...diffed.detailed.keys(), ...diffed.replaces, ...diffed.diffs],
      "the result of Diff",
    );
    let last = recorded;
    if (diffed.changes === "SOME" && diffed.replaces.length === 0) {
      last = await object.update(recorded, news);
      demandSecretAt(last.outputs, hiddenNext.paths, "the result of Update");
      demandHidden(hiddenNext.canaries, readableTexts(last.outputs), "the result of Update");
    }
    must(await object.delete(last), "Delete");
    demandQuiet(plugin, [...canaries, ...hiddenNext.canaries]);
  });
}

/** A secret in a place where it is wrong: the failure says so without the secret, and the engine prints no value. */
function refused(subject: Subject, resource: SubjectResource): Promise<number> {
  const nobody: [string, TypeSchema] = ["noSuchPropertyAtAll", {}];
  const properties = [...Object.entries(resource.schema.inputProperties ?? {}), nobody];
  const cases = fc.record({
    inputs: resource.generator.inputs,
    property: fc.constantFrom(...properties),
    wrong: fc.constantFrom("object", "list", "text"),
  });
  return forAll(
    law,
    `${resource.token}, refusing wrong values`,
    cases,
    subject.runs * 3,
    async ({ inputs, property: [name, type], wrong }) => {
      const plugin = await subject.plugin();
      const canary = `canary-${Math.random().toString(36).slice(2).padEnd(10, "0")}`;
      const value: Json = wrong === "object" ? { surprise: canary } : wrong === "list" ? [[canary]] : canary;
      const news: JsonMap = { ...inputs, [name]: type.secret === true ? value : secret(value) };
      const answer = await calls.check(plugin, new ResourceInProgram(plugin, resource).target, { news });
      if (!answer.ok) demandHidden([canary], [answer.message], "the error of Check");
      for (const failure of answer.ok ? answer.response.failures : []) {
        demandHidden([canary], [failure.property, failure.reason], `the failure of ${name}`);
        // The engine prints the value of the top-level property of this very name.
        const printed = Object.hasOwn(news, failure.property) ? news[failure.property] : undefined;
        demand(
          printed === undefined ||
            !(holdsSecret(printed) || resource.schema.inputProperties?.[failure.property]?.secret === true),
          () =>
            `the failure names the property ${failure.property}, so that the engine prints its value, which is secret`,
        );
      }
      demandQuiet(plugin, [canary]);
    },
  );
}

/** Handlers that go wrong, with secrets in their hands. */
async function faults(subject: Subject, resource: SubjectResource): Promise<number> {
  let cases = 0;
  for (const fault of resource.generator.faults ?? []) {
    cases += await forAll(
      law,
      `${resource.token} under "${fault.name}"`,
      fc.record({ inputs: resource.generator.inputs, picks }),
      1,
      async ({ inputs: given, picks: picked }) => {
        const plugin = await subject.plugin();
        const object = new ResourceInProgram(plugin, resource);
        const { inputs, canaries } = hideDeclared(fault.apply(given), resource, picked);
        const answersOf: Answer<unknown>[] = [];
        const { failures, inputs: checked } = must(await calls.check(plugin, object.target, { news: inputs }), "Check");
        demandHidden(
          canaries,
          failures.flatMap(({ property, reason }) => [property, reason]),
          "a failure of Check",
        );
        const created = await calls.create(plugin, object.target, { inputs: checked, timeoutS: 0.3 });
        answersOf.push(created);
        if (created.ok) {
          const recorded = { id: created.response.id, inputs: checked, outputs: created.response.properties };
          if (fault.operation === "update")
            answersOf.push(await object.tryUpdate(recorded, checked, { timeoutS: 0.3 }));
          if (fault.operation === "read") answersOf.push(await object.read(recorded, 0.3));
          answersOf.push(await object.delete(recorded, 0.3));
        }
        for (const answer of answersOf) {
          if (answer.ok) continue;
          demandHidden(canaries, [answer.message, ...(answer.initFailed?.reasons ?? [])], "an error");
          demandHidden(
            canaries,
            readableTexts(answer.initFailed?.properties ?? {}),
            "the outputs of an object that is not as desired",
          );
          demand(!/\n\s+at .*[/:\\]/.test(answer.message), () => `the error shows a stack trace: ${describe(answer)}`);
        }
        demandQuiet(plugin, canaries);
      },
    );
  }
  return cases;
}

/** {@link hide}, and whatever the schema calls secret beside it. */
function hideDeclared(inputs: JsonMap, resource: SubjectResource, picked: readonly number[]) {
  const hidden = hide(inputs, picked);
  const canaries = [...hidden.canaries];
  for (const [name, type] of Object.entries(resource.schema.inputProperties ?? {})) {
    const value = inputs[name];
    if (type.secret === true && typeof value === "string" && isDistinct(value)) canaries.push(value);
  }
  return { ...hidden, canaries };
}

async function functions(subject: Subject): Promise<number> {
  let cases = 0;
  for (const { token, inputs: args } of subject.functions) {
    const generated = fc.record({ args, picks });
    cases += await forAll(law, token, generated, subject.runs, async ({ args: given, picks: picked }) => {
      const plugin = await subject.plugin();
      const { inputs, canaries } = hide(given, picked);
      const answer = await calls.invoke(plugin, token, inputs);
      if (answer.ok) {
        demandHidden(canaries, readableTexts(answer.response.result), "the result");
        demandHidden(
          canaries,
          answer.response.failures.flatMap(({ property, reason }) => [property, reason]),
          "a failure",
        );
      } else demandHidden(canaries, [answer.message], "the error");
      demandQuiet(plugin, canaries);
    });
  }
  return cases;
}
