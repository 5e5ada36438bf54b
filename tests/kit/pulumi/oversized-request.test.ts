import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as calls from "../../conformance/calls.ts";
import { fixtureSubject } from "../../conformance/fixture.subject.ts";
import { newTarget, Subject } from "../../conformance/subject.ts";

let subject: Subject;
beforeAll(async () => {
  subject = await Subject.open(await fixtureSubject());
});
afterAll(() => subject.close());

test("a request of 100 MB is refused in words, and the plugin goes on", async () => {
  const plugin = await subject.plugin();
  const target = newTarget("fixture:index:Note");
  const refused = await calls.check(plugin, target, { news: { text: "x".repeat(100_000_000) }, olds: {} });
  expect(refused).toMatchObject({
    ok: false,
    code: status.RESOURCE_EXHAUSTED,
    message: expect.stringContaining("larger than max"),
  });
  expect(plugin.alive).toBe(true);
  expect(await calls.check(plugin, target, { news: { text: "small" }, olds: {} })).toMatchObject({
    ok: true,
    response: { failures: [] },
  });
});
