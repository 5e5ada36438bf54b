import { demand, inCase, type Law } from "../law.ts";
import { begin, demandNothingLost, demandStopped, prepareCreates, prepareLingering } from "../lingering.ts";
import type { Subject } from "../subject.ts";

const law = { letter: "j", title: "an operation ends when its time is up, and no object is lost by it" } as const;

/** Short beside every honest operation's time, long beside a call's own cost. */
const TIMEOUT_S = 0.3;

/** Law (j). */
export const timeouts: Law = {
  ...law,
  async holds(subject) {
    return (await hardlyAny(subject)) + (await lingering(subject));
  },
};

/** With hardly any time an ordinary create may succeed or fail, but it answers and loses nothing. */
async function hardlyAny(subject: Subject): Promise<number> {
  let cases = 0;
  for (const prepared of await prepareCreates(subject, await subject.plugin())) {
    cases += await inCase(law, prepared.where, async () =>
      demandNothingLost(subject, prepared, await begin(prepared, 0.001)),
    );
  }
  return cases;
}

/** Operations that would take for ever. */
async function lingering(subject: Subject): Promise<number> {
  const prepared = await prepareLingering(subject, await subject.plugin());
  const answers = await Promise.allSettled(prepared.map((one) => begin(one, TIMEOUT_S)));
  let cases = 0;
  for (const [index, one] of prepared.entries()) {
    const answer = answers[index];
    demand(answer !== undefined, "every operation was begun");
    cases += await demandStopped(law, subject, { prepared: one, answer });
  }
  return cases;
}
