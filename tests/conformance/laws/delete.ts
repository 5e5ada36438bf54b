import * as grpc from "@grpc/grpc-js";
import type { Answer } from "../answer.ts";
import type { Found } from "../calls.ts";
import { demand, eachResource, forAll, type Law } from "../law.ts";
import { demandNoOrphan, must, ResourceInProgram } from "../program.ts";
import type { Subject, SubjectResource } from "../subject.ts";

const law = {
  letter: "h",
  title: "deleting twice is no error, what was deleted is gone, and what a replacement took over stays",
} as const;

/** Law (h). */
export const deletion: Law = {
  ...law,
  async holds(subject) {
    const deleted = await eachResource(subject, (resource) =>
      forAll(law, resource.token, resource.generator.inputs, subject.runs, async (inputs) => {
        const object = new ResourceInProgram(await subject.plugin(), resource);
        const recorded = await object.create(await object.check(inputs));
        must(await object.delete(recorded), "Delete");
        await demandNoOrphan(subject, object.target.urn, undefined, "Delete was answered");
        must(await object.delete(recorded), "the second Delete");
        if (resource.generator.refreshedFrom === undefined) demandGone(await object.read(recorded), "a refresh");
        demandGone(await object.import(recorded.id), "an import");
      }),
    );
    return deleted + (await eachResource(subject, (resource) => takenOver(subject, resource)));
  },
};

/** `pulumi up --replace` makes the new one first, of the same inputs, and deletes by the old record then. */
async function takenOver(subject: Subject, resource: SubjectResource): Promise<number> {
  const where = `${resource.token}, replaced by the same`;
  return forAll(law, where, resource.generator.inputs, 1, async (inputs) => {
    const object = new ResourceInProgram(await subject.plugin(), resource);
    const checked = await object.check(inputs);
    const before = await object.create(checked);
    const after = await object.create(checked);
    must(await object.delete(before), "Delete of the old record");
    demandThere(await object.read(after), after.id, "after its replacement");
    const found = must(await object.diff(after, after.inputs), "Diff after the replacement");
    demand(found.changes === "NONE", `after the replacement Diff finds differences in ${found.diffs.join(", ")}`);
    must(await object.delete(after), "Delete");
    await demandNoOrphan(subject, object.target.urn, undefined, "the replacement was deleted");
    // A run that was killed before its last delete leaves both records to one that remembers nothing.
    const first = await object.create(checked);
    const second = await object.create(checked);
    await subject.withPlugin(async (next) => {
      const there = object.in(next);
      must(await there.diff(second, second.inputs), "Diff in the next run");
      must(await there.delete(first), "Delete of the old record in the next run");
      demandThere(await there.read(second), second.id, "in the next run");
      must(await there.delete(second), "Delete in the next run");
    });
    await demandNoOrphan(subject, object.target.urn, undefined, "the replacement was deleted in the next run");
  });
}

function demandThere(answer: Answer<Found>, expected: string, when: string): void {
  if (!answer.ok && answer.code === grpc.status.UNIMPLEMENTED) return; // a resource that cannot be read
  const { id } = must(answer, `Read ${when}`);
  demand(id === expected, `Read ${when} finds "${id}", not ${expected}`);
}

function demandGone(answer: Answer<Found>, what: string): void {
  if (!answer.ok && answer.code === grpc.status.UNIMPLEMENTED) return; // a resource that cannot be read
  const { id } = must(answer, `${what} after Delete`);
  demand(id === "", `${what} after Delete still finds ${id}`);
}
