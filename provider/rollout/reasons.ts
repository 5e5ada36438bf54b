import { OUTCOME_CODES, type OutcomeCode } from "./codes.ts";
import { inNaturalOrder } from "./natural-order.ts";
import type { Outcome } from "./outcome.ts";
import { reasonOf } from "./outcome.ts";
import { notRight } from "./tally.ts";

/** So many machines with one code are named, the others are counted. */
const NAMED_PER_CODE = 20;

/**
 * One line for each machine that is not right, machines of one code together. Of many alike the first 20 are named.
 *
 * @example reasons(outcomes.values())
 * // ["[port-closed] web01: port 22 is closed: start sshd there, or check the port", "[not-attempted] and 480 more with the same code"]
 */
export function reasons(outcomes: Iterable<Outcome>): string[] {
  const byCode = new Map<OutcomeCode, Outcome[]>();
  for (const outcome of notRight(outcomes)) {
    const alike = byCode.get(outcome.code);
    if (alike === undefined) byCode.set(outcome.code, [outcome]);
    else alike.push(outcome);
  }
  const lines: string[] = [];
  for (const [code, alike] of [...byCode].sort(([a], [b]) => weight(a) - weight(b))) {
    alike.sort((a, b) => inNaturalOrder(a.machine, b.machine));
    lines.push(...alike.slice(0, NAMED_PER_CODE).map(reasonOf));
    if (alike.length > NAMED_PER_CODE) {
      lines.push(`[${code}] and ${alike.length - NAMED_PER_CODE} more with the same code`);
    }
  }
  return lines;
}

/** What went wrong stands before what never began because of it. */
function weight(code: OutcomeCode): number {
  return OUTCOME_CODES[code].class === "notAttempted" ? 1 : 0;
}
