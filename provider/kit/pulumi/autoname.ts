import { createHash } from "node:crypto";
import type { Autoname } from "../define/meta.ts";

/** What the engine says about naming: the user's own configuration of it, and randomness that plans can repeat. */
export interface NamingRequest {
  readonly logicalName: string;
  /** Random bytes from the engine; the same bytes give the same name. Empty where the engine sends none. */
  readonly seed: Uint8Array;
  /** `default` where the user configured nothing. */
  readonly mode: "default" | "propose" | "enforce" | "disable";
  /** The name that the user's configuration gives; empty in the modes `default` and `disable`. */
  readonly proposed: string;
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

/**
 * Makes the name of an object whose program gives it none: `<logical name>-<random>`, or what the user's
 * `pulumi:autonaming` configuration says.
 *
 * @example autoname("name", {}, { logicalName: "web", seed, mode: "default", proposed: "" }) // { name: "web-k3v0q8z" }
 */
export function autoname(
  property: string,
  rule: Autoname,
  request: NamingRequest,
): { name: string } | { reason: string } {
  const maxLength = rule.maxLength ?? 255;
  switch (request.mode) {
    case "disable":
      return { reason: `missing required property: automatic naming is disabled, so "${property}" must be given` };
    case "enforce":
    case "propose":
      if (request.proposed !== "") return fit(property, request.proposed, maxLength);
      break;
    case "default":
      break;
    default:
      return request.mode satisfies never;
  }
  const randomLength = rule.randomLength ?? 7;
  const random =
    randomLength === 0 ? "" : `-${randomText(request.seed, `${request.logicalName}\0${property}`, randomLength)}`;
  return { name: `${request.logicalName.slice(0, Math.max(1, maxLength - random.length))}${random}` };
}

function fit(property: string, name: string, maxLength: number): { name: string } | { reason: string } {
  return name.length <= maxLength
    ? { name }
    : {
        reason: `the name ${JSON.stringify(name)} from the automatic naming configuration is longer than the ${maxLength} characters that "${property}" may have`,
      };
}

/** Letters and digits that follow from the seed alone. */
function randomText(seed: Uint8Array, salt: string, length: number): string {
  let text = "";
  for (let block = 0; text.length < length; block++) {
    const digest = createHash("sha256").update(seed).update(`${salt}\0${block}`).digest();
    for (const byte of digest) {
      // 252 is the largest multiple of 36 in a byte: what is above it would make some letters more likely.
      if (byte < 252) text += ALPHABET[byte % ALPHABET.length] ?? "";
    }
  }
  return text.slice(0, length);
}
