import * as grpc from "@grpc/grpc-js";
import type { Answer } from "../answer.ts";
import type { Found } from "../calls.ts";
import { demand, eachResource, forAll, type Law } from "../law.ts";
import { demandNoOrphan, must, ResourceInProgram } from "../program.ts";

const law = { letter: "h", title: "deleting twice is no error, and what was deleted is gone" } as const;

/** Law (h). */
export const deletion: Law = {
  ...law,
  holds: (subject) =>
    eachResource(subject, (resource) =>
      forAll(law, resource.token, resource.generator.inputs, subject.runs, async (inputs) => {
        const object = new ResourceInProgram(await subject.plugin(), resource);
        const recorded = await object.create(await object.check(inputs));
        must(await object.delete(recorded), "Delete");
        await demandNoOrphan(subject, object.target.urn, undefined, "Delete was answered");
        must(await object.delete(recorded), "the second Delete");
        if (resource.generator.refreshedFrom === undefined) demandGone(await object.read(recorded), "a refresh");
        demandGone(await object.import(recorded.id), "an import");
      }),
    ),
};

function demandGone(answer: Answer<Found>, what: string): void {
  if (!answer.ok && answer.code === grpc.status.UNIMPLEMENTED) return; // a resource that cannot be read
  const { id } = must(answer, `${what} after Delete`);
  demand(id === "", `${what} after Delete still finds ${id}`);
}
