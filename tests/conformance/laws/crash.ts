import { setTimeout as delay } from "node:timers/promises";
import * as calls from "../calls.ts";
import { demand, eachResource, forAll, inCase, type Law } from "../law.ts";
import { begin, demandNothingLost, prepareCreates } from "../lingering.ts";
import { demandNoOrphan, must, objectsOf, type Recorded, ResourceInProgram } from "../program.ts";
import type { Subject, SubjectResource } from "../subject.ts";

const law = {
  letter: "k",
  title: "after a crash or a fault in the middle of an operation the next run converges",
} as const;

/** Law (k). */
export const crash: Law = {
  ...law,
  async holds(subject) {
    const killed = await killedAnywhere(subject);
    const crashed = await eachResource(subject, (resource) => crashing(subject, resource));
    return killed + crashed + (await eachResource(subject, (resource) => faulty(subject, resource)));
  },
};

/** The process is killed in the middle of ordinary creates: the same creates then work, and so does all after them. */
async function killedAnywhere(subject: Subject): Promise<number> {
  const plugin = await subject.plugin();
  const prepared = await subject.withPlugin(async (doomed) => {
    const all = await prepareCreates(subject, doomed);
    const running = Promise.all(all.map((one) => begin(one, 0)));
    await delay(5);
    await doomed.kill();
    await running; // whatever they say, the engine has not recorded it
    return all;
  });
  let cases = 0;
  for (const { where, object, inputs } of prepared) {
    cases += await inCase(law, `${where}, killed`, () => demandConverges(object.in(plugin), inputs));
  }
  return cases;
}

/** The process ends after the effect of an operation and before its answer. */
async function crashing(subject: Subject, resource: SubjectResource): Promise<number> {
  let cases = 0;
  for (const { operation, apply } of resource.generator.crashing ?? []) {
    cases += await forAll(
      law,
      `a crash in ${operation} of ${resource.token}`,
      resource.generator.inputs,
      1,
      async (inputs) => {
        const plugin = await subject.plugin();
        const object = new ResourceInProgram(plugin, resource);
        const checked = await object.check(apply(inputs));
        const recorded = operation === "create" ? undefined : await object.create(checked);
        await subject.withPlugin(async (doomed) => {
          const there = object.in(doomed);
          const answer =
            recorded === undefined
              ? calls.create(doomed, object.target, { inputs: checked })
              : operation === "update"
                ? there.tryUpdate(recorded, checked)
                : there.delete(recorded);
          const { ok } = await answer;
          demand(!ok, `${operation} was to crash, and answered that it is done`);
          await doomed.exited;
        });
        if (recorded === undefined) {
          const again = await object.create(checked);
          const ids = await objectsOf(subject, object.target.urn);
          demand(
            ids === undefined || ids.length === 1,
            () => `Create crashed and was repeated, and there are ${ids?.length} objects: ${ids?.join(", ")}`,
          );
          await demandWell(object, again);
          must(await object.delete(again), "Delete");
        } else if (operation === "update") {
          const updated = await object.update(recorded, checked);
          await demandWell(object, updated);
          must(await object.delete(updated), "Delete");
        } else must(await object.delete(recorded), "the repeated Delete");
        await demandNoOrphan(subject, object.target.urn, undefined, "everything was deleted");
      },
    );
  }
  return cases;
}

/** A create that goes wrong tells of the object, if it has made one. */
async function faulty(subject: Subject, resource: SubjectResource): Promise<number> {
  let cases = 0;
  for (const { name, operation, apply } of resource.generator.faults ?? []) {
    if (operation !== "create") continue;
    cases += await forAll(law, `${resource.token} under "${name}"`, resource.generator.inputs, 1, async (inputs) => {
      const object = new ResourceInProgram(await subject.plugin(), resource);
      const checked = await object.check(apply(inputs));
      const prepared = { where: name, operation, object, inputs: checked, recorded: undefined };
      await demandNothingLost(subject, prepared, await begin(prepared, 0.3));
    });
  }
  return cases;
}

async function demandConverges(object: ResourceInProgram, inputs: Recorded["inputs"]): Promise<void> {
  const recorded = await object.create(inputs);
  await demandWell(object, recorded);
  must(await object.delete(recorded), "Delete");
}

async function demandWell(object: ResourceInProgram, recorded: Recorded): Promise<void> {
  const diffed = must(await object.diff(recorded, recorded.inputs), "Diff after the repeated operation");
  demand(
    diffed.changes === "NONE",
    `after the repeated operation Diff still finds differences in ${diffed.diffs.join(", ")}`,
  );
  const found = must(await object.read(recorded), "Read after the repeated operation");
  demand(found.id === recorded.id, `after the repeated operation Read does not find ${recorded.id}`);
}
