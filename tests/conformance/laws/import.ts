import * as grpc from "@grpc/grpc-js";
import * as calls from "../calls.ts";
import { demand, eachResource, forAll, type Law } from "../law.ts";
import { must, type Recorded, ResourceInProgram } from "../program.ts";
import type { JsonMap } from "../wire.ts";

const law = { letter: "g", title: "what Read finds passes Check and differs in nothing" } as const;

/** Law (g). */
export const importing: Law = {
  ...law,
  holds: (subject) =>
    eachResource(subject, (resource) =>
      forAll(law, resource.token, resource.generator.inputs, subject.runs, async (inputs) => {
        const plugin = await subject.plugin();
        const object = new ResourceInProgram(plugin, resource);
        const recorded = await object.create(await object.check(inputs));
        await demandImportable(object, recorded.id);
        await demandRefreshEmpty(object, recorded);
        must(await object.delete(recorded), "Delete");
      }),
    ),
};

async function demandImportable(object: ResourceInProgram, id: string): Promise<void> {
  const answer = await object.import(id);
  if (!answer.ok && answer.code === grpc.status.UNIMPLEMENTED) return; // this resource cannot be imported, and says so
  const found = must(answer, "Read by id alone");
  demand(found.id === id, `Read of ${id} answers with the id ${JSON.stringify(found.id)}`);
  const { inputs } = found;
  demand(inputs !== undefined, "Read gives no inputs, so that the resource cannot be imported");
  const { inputs: checked, failures } = must(
    await calls.check(object.plugin, object.target, { news: inputs }),
    "Check of the imported inputs",
  );
  demand(failures.length === 0, () => `Check refuses what Read found: ${JSON.stringify(failures)}`);
  await demandNone(object, { id, inputs, outputs: found.properties }, checked, "Diff after an import");
}

async function demandRefreshEmpty(object: ResourceInProgram, recorded: Recorded): Promise<void> {
  const answer = await object.read(recorded);
  if (!answer.ok && answer.code === grpc.status.UNIMPLEMENTED) return;
  const found = must(answer, "Read");
  demand(found.id === recorded.id, `a refresh of ${recorded.id} answers with the id ${JSON.stringify(found.id)}`);
  const live = { id: found.id, inputs: found.inputs ?? recorded.inputs, outputs: found.properties };
  await demandNone(object, live, recorded.inputs, "Diff after a refresh");
}

async function demandNone(object: ResourceInProgram, recorded: Recorded, news: JsonMap, what: string): Promise<void> {
  const diffed = must(await object.diff(recorded, news), what);
  demand(
    diffed.changes === "NONE",
    () =>
      `${what} finds differences: ${[...diffed.detailed].map(([path, { kind }]) => `${path} (${kind})`).join(", ")}`,
  );
}
