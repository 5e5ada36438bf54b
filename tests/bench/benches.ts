import type { Bench } from "./bench.ts";
import { kitCalls } from "./kit-calls.ts";
import { kitStart } from "./kit-start.ts";
import { kitUp } from "./kit-up.ts";

/** Every bench there is, in the order in which they run: the quick ones first. */
export const benches: readonly Bench[] = [kitStart, kitCalls, kitUp];
