import { readFile } from "node:fs/promises";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SEED } from "../random-seed.ts";
import { fixtureSubject } from "./fixture.subject.ts";
import { type FuzzedRequest, fuzzedRequests } from "./fuzz-requests.ts";
import type { Plugin } from "./plugin.ts";
import { ResourceInProgram } from "./program.ts";
import { Subject } from "./subject.ts";

const REQUESTS = 10_000;
/** As many as an engine with its default parallelism on a small machine keeps under way. */
const AT_ONCE = 16;
/** By then everything is loaded and compiled, and the heap has found its size. */
const WARM_UP = 4_000;
/**
 * What the process may grow after the warm-up. A request is about 1 kB here: a provider that kept 6 kB of each of the
 * 6,000 that are left would grow by 36 MB. What a heap breathes between collections, limited by the flag below, is
 * less than this.
 */
const GROWTH_LIMIT_MB = 32;

let subject: Subject;
beforeAll(async () => {
  const options = await fixtureSubject();
  // A small young generation, so that the resident size follows what is kept and not what was thrown away.
  subject = await Subject.open({ ...options, env: { ...options.env, NODE_OPTIONS: "--max-semi-space-size=2" } });
});
afterAll(() => subject.close());

test("10,000 random and damaged requests are all answered, by a process that lives and does not grow", {
  timeout: 600_000,
}, async () => {
  const plugin = await subject.plugin();
  // `Faulty` and `fail` hang and crash when they are asked to, which is what they are for.
  const resources = subject.resources.filter(({ token }) => token !== "fixture:index:Faulty");
  const functions = Object.keys(subject.schema.functions ?? {}).filter((token) => !/:fail$|\//.test(token));
  const requests = fc.sample(fuzzedRequests(resources, functions), { numRuns: REQUESTS });

  const statuses = new Map<number, number>();
  await sendAll(plugin, requests.slice(0, WARM_UP), statuses);
  const warmMb = await residentMb(plugin);
  await sendAll(plugin, requests.slice(WARM_UP), statuses);
  const endMb = await residentMb(plugin);

  expect(
    [...statuses.values()].reduce((sum, count) => sum + count, 0),
    `TEST_SEED=${SEED}`,
  ).toBe(REQUESTS);
  // A fuzz that is refused at the door proves nothing: a good part must get through.
  expect(statuses.get(0) ?? 0, `statuses ${JSON.stringify([...statuses])}`).toBeGreaterThan(REQUESTS / 10);
  expect(plugin.alive, `TEST_SEED=${SEED}: ${plugin.output.slice(-2000)}`).toBe(true);
  expect(endMb - warmMb, `TEST_SEED=${SEED}: from ${warmMb} MB to ${endMb} MB`).toBeLessThan(GROWTH_LIMIT_MB);

  const note = resources.find(({ token }) => token === "fixture:index:Note");
  if (note === undefined) throw new Error("the fixture has no Note");
  // The last to come may have been a Cancel, after which nothing is done until another deployment begins.
  await subject.configure(plugin);
  const object = new ResourceInProgram(plugin, note);
  const recorded = await object.create(await object.check({ text: "after the storm" }));
  expect(recorded.outputs["length"]).toBe("after the storm".length);
});

/** Sends requests, a few at once; counts the statuses. A request without an answer rejects. */
async function sendAll(
  plugin: Plugin,
  requests: readonly FuzzedRequest[],
  statuses: Map<number, number>,
): Promise<void> {
  const queue = requests.values();
  const worker = async () => {
    for (const { path, bytes } of queue) {
      const answer = await plugin.call({ path, responseDeserialize: () => ({}) }, bytes);
      const code = answer.ok ? 0 : answer.code;
      statuses.set(code, (statuses.get(code) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** The resident size of the plugin's process, from the kernel; these tests run on Linux. */
async function residentMb(plugin: Plugin): Promise<number> {
  const status = await readFile(`/proc/${plugin.pid}/status`, "utf8");
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024);
}
