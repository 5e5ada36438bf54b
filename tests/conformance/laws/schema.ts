import * as grpc from "@grpc/grpc-js";
import * as fc from "fast-check";
import * as calls from "../calls.ts";
import { objectArbitrary } from "../generators.ts";
import { demand, eachResource, forAll, type Law } from "../law.ts";
import { must, ResourceInProgram } from "../program.ts";
import { describeMisfits, type FitOptions, misfits, type Properties } from "../schema.ts";
import type { Subject, SubjectResource } from "../subject.ts";
import type { JsonMap } from "../wire.ts";

const law = { letter: "l", title: "what the provider does is what its schema says" } as const;

/** Law (l). */
export const schema: Law = {
  ...law,
  async holds(subject) {
    let cases = await eachResource(subject, (resource) => results(subject, resource));
    cases += await eachResource(subject, (resource) => refusals(subject, resource));
    return cases + (await functions(subject));
  },
};

function demandFits(
  subject: Subject,
  properties: Properties,
  required: readonly string[],
  value: JsonMap,
  what: string,
  options?: FitOptions,
): void {
  const found = misfits(subject.schema, properties, required, value, options);
  demand(found.length === 0, () => `${what} does not fit the schema:\n${describeMisfits(found)}`);
}

function results(subject: Subject, resource: SubjectResource): Promise<number> {
  const { inputProperties = {}, requiredInputs = [], properties = {}, required = [] } = resource.schema;
  const cases = fc.record({ before: resource.generator.inputs, after: resource.generator.inputs });
  return forAll(law, resource.token, cases, subject.runs, async ({ before, after }) => {
    const plugin = await subject.plugin();
    const object = new ResourceInProgram(plugin, resource);
    const inputs = await object.check(before);
    demandFits(subject, inputProperties, requiredInputs, inputs, "the result of Check");
    const previewed = must(
      await calls.create(plugin, object.target, { inputs, preview: true }),
      "the preview of Create",
    );
    demandFits(subject, properties, required, previewed.properties, "the preview of Create", { partial: true });
    const recorded = await object.create(inputs);
    demandFits(subject, properties, required, recorded.outputs, "the result of Create");
    const read = await object.read(recorded);
    if (read.ok || read.code !== grpc.status.UNIMPLEMENTED) {
      const found = must(read, "Read");
      demandFits(subject, properties, required, found.properties, "the result of Read");
      demandFits(subject, inputProperties, [], found.inputs ?? {}, "the inputs that Read gives");
    }
    const news = await object.check(after, inputs);
    const diffed = must(await object.diff(recorded, news), "Diff");
    let last = recorded;
    if (diffed.changes === "SOME" && diffed.replaces.length === 0) {
      last = await object.update(recorded, news);
      demandFits(subject, properties, required, last.outputs, "the result of Update");
    }
    must(await object.delete(last), "Delete");
  });
}

/** What the schema does not allow, Check does not let pass. */
function refusals(subject: Subject, resource: SubjectResource): Promise<number> {
  const { inputProperties = {}, requiredInputs = [] } = resource.schema;
  return forAll(
    law,
    `${resource.token}, refusing what the schema does not allow`,
    resource.generator.inputs,
    2,
    async (inputs) => {
      const plugin = await subject.plugin();
      const { target } = new ResourceInProgram(plugin, resource);
      const refuses = async (news: JsonMap, what: string) => {
        const { failures } = must(await calls.check(plugin, target, { news }), "Check");
        demand(failures.length > 0, `Check lets pass ${what}`);
      };
      for (const name of requiredInputs) {
        const { [name]: _, ...rest } = inputs;
        await refuses(rest, `inputs without ${name}, which the schema requires`);
      }
      await refuses({ ...inputs, noSuchPropertyAtAll: 1 }, "a property that is not in the schema");
      for (const [name, type] of Object.entries(inputProperties)) {
        if (type.type === "boolean" || type.type === "integer" || type.type === "number")
          await refuses({ ...inputs, [name]: { wrong: true } }, `an object at ${name}, which is a ${type.type}`);
        if (type.type === "string" || type.type === "array")
          await refuses({ ...inputs, [name]: { wrong: true } }, `an object at ${name}, which is a ${type.type}`);
        if (type.type === "object")
          await refuses({ ...inputs, [name]: "wrong" }, `a text at ${name}, which is an object`);
      }
    },
  );
}

async function functions(subject: Subject): Promise<number> {
  let cases = 0;
  for (const [token, { inputs, outputs }] of Object.entries(subject.schema.functions ?? {})) {
    if (token.includes("/")) continue;
    const args = objectArbitrary(subject.schema, inputs?.properties ?? {}, inputs?.required ?? [], 0);
    cases += await forAll(law, token, args, subject.runs, async (given) => {
      const answer = await calls.invoke(await subject.plugin(), token, given);
      if (!answer.ok || answer.response.failures.length > 0) return; // it may refuse; what it gives must fit
      demandFits(
        subject,
        outputs?.properties ?? {},
        outputs?.required ?? [],
        answer.response.result,
        "the result of Invoke",
      );
    });
  }
  return cases;
}
