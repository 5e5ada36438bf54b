import type { BlockedCode } from "./plan.ts";

/** Why nothing can be done to a machine, on the way to its plan. */
export type Blocked = {
  readonly kind: "blocked";
  readonly code: BlockedCode;
  readonly reason: string;
  readonly hint: string;
};
