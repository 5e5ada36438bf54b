import type * as z from "zod";
import type { claim } from "./operations/fields.ts";

/** Who asks for what an organization has one of; nobody in particular, such as a command, names no resource. */
export type Claim = z.output<typeof claim>;

/**
 * Whether what an organization has one of belongs to another resource than the one that asks. A resource that was renamed
 * (by an alias, or with its stack) has another URN than before, and is the same one still.
 *
 * @param owner the URN of the resource that it belongs to; absent: nobody's
 * @example isAnothers("urn:a", { urn: "urn:b" }) // true
 */
export function isAnothers(owner: string | null | undefined, { urn, formerUrn }: Claim): boolean {
  return urn !== undefined && owner !== null && owner !== undefined && owner !== urn && owner !== formerUrn;
}
