import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixtureSubject } from "../../conformance/fixture.subject.ts";
import { ResourceInProgram } from "../../conformance/program.ts";
import { Subject } from "../../conformance/subject.ts";

let subject: Subject;
beforeAll(async () => {
  subject = await Subject.open(await fixtureSubject());
});
afterAll(() => subject.close());

/** An object, and what the engine knows of it after an update of it went as told. */
async function updateThat(behaviour: string) {
  const resource = subject.resources.find(({ token }) => token === "fixture:index:Faulty");
  if (resource === undefined) throw new Error("the fixture has no Faulty");
  const object = new ResourceInProgram(await subject.plugin(), resource);
  const recorded = await object.create(await object.check({ behaviour, during: "update", secret: "a-secret-text" }));
  const answer = await object.tryUpdate(
    recorded,
    await object.check({ behaviour, during: "update", secret: "another-secret" }),
  );
  return { object, recorded, answer };
}

describe("an update that broke off, so that nobody can say what took effect,", () => {
  test("is recorded as incomplete with its id and what was known", async () => {
    const { recorded, answer } = await updateThat("reject");
    if (answer.ok) throw new Error("the update was to fail");
    expect(answer.initFailed?.id).toBe(recorded.id);
    expect(answer.initFailed?.properties).toEqual({ ...recorded.outputs, __incomplete: true });
    expect(answer.initFailed?.reasons).toEqual([expect.stringContaining("fault of the provider")]);
    expect(JSON.stringify(answer)).not.toContain("another-secret@");
  });

  test("is updated again by a program that has gone back to what is recorded", async () => {
    const { object, recorded, answer } = await updateThat("throwLater");
    if (answer.ok || answer.initFailed === undefined) throw new Error("the update was to be recorded as incomplete");
    const { __incomplete, ...outputs } = answer.initFailed.properties;
    expect(__incomplete).toBe(true);
    const healed = { ...recorded.inputs, behaviour: "none" };
    const again = await object.update({ ...recorded, outputs: answer.initFailed.properties }, healed);
    expect(again.outputs).not.toHaveProperty("__incomplete");
    expect(Object.keys(again.outputs).sort()).toEqual(Object.keys(outputs).sort());
    expect((await object.delete(again)).ok).toBe(true);
  });
});
