import { setTimeout as delay } from "node:timers/promises";
import * as grpc from "@grpc/grpc-js";
import { type Answer, describe } from "../answer.ts";
import * as calls from "../calls.ts";
import { demand, inCase, type Law } from "../law.ts";
import { begin, demandNothingLost, demandStopped, prepareCreates, prepareLingering } from "../lingering.ts";
import type { Plugin } from "../plugin.ts";
import type { Subject } from "../subject.ts";

const law = { letter: "i", title: "Cancel ends every operation, and no object is lost by it" } as const;

/** Law (i). */
export const cancellation: Law = {
  ...law,
  async holds(subject) {
    return (await ordinary(subject)) + (await lingering(subject));
  },
};

/** Cancel comes while ordinary creates are under way: they may still succeed. */
function ordinary(subject: Subject): Promise<number> {
  return subject.withPlugin(async (plugin) => {
    const prepared = await prepareCreates(subject, plugin);
    const running = Promise.all(prepared.map((one) => begin(one, 0)));
    await inCase(law, subject.options.name, () => demandAcknowledged(plugin));
    const answers = await running;
    let cases = 0;
    for (const [index, one] of prepared.entries()) {
      cases += await inCase(law, one.where, async () => {
        const answer = answers[index];
        if (answer !== undefined) await demandNothingLost(subject, one, answer);
      });
    }
    return cases;
  });
}

/** Cancel comes while every operation that can wait for it does. */
function lingering(subject: Subject): Promise<number> {
  return subject.withPlugin(async (plugin) => {
    const prepared = await prepareLingering(subject, plugin);
    const answers = await cancelUntilAnswered(
      plugin,
      prepared.map((one) => begin(one, 0)),
    );
    let cases = 0;
    for (const [index, one] of prepared.entries()) {
      const answer = answers[index];
      if (answer !== undefined) cases += await demandStopped(law, subject, { prepared: one, answer });
    }
    return cases;
  });
}

async function demandAcknowledged(plugin: Plugin): Promise<void> {
  const answer = await calls.cancel(plugin);
  demand(
    answer.ok || answer.code === grpc.status.UNIMPLEMENTED,
    () => `Cancel is not acknowledged: ${answer.ok ? "" : describe(answer)}`,
  );
}

/** Cancel may come before an operation has begun, so it comes again until all have answered. */
async function cancelUntilAnswered(
  plugin: Plugin,
  running: readonly Promise<Answer<unknown>>[],
): Promise<PromiseSettledResult<Answer<unknown>>[]> {
  const done = Promise.allSettled(running);
  let answered = false;
  void done.then(() => {
    answered = true;
  });
  await Promise.race([done, delay(100)]);
  while (!answered) {
    await demandAcknowledged(plugin);
    await Promise.race([done, delay(400)]);
  }
  return done;
}
