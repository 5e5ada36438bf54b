const LIMITS: Readonly<Record<string, string>> = {
  ">=": "at least",
  ">": "more than",
  "<=": "at most",
  "<": "less than",
};

/**
 * zod's own sentences about limits and whole numbers in words for people; what an author wrote stays as it is.
 *
 * @example inOurWords("Too small: expected number to be >=1") // "expected at least 1"
 */
export function inOurWords(message: string): string {
  if (/^Invalid input: expected int, received \w+$/.test(message)) return "expected a whole number";
  const limit = /^Too (?:small|big): expected \w+ to (?:be|have) (>=|<=|>|<)(-?\S+)(.*)$/.exec(message);
  if (limit === null) return message;
  const [, sign = "", bound, things = ""] = limit;
  return `expected ${LIMITS[sign]} ${bound}${bound === "1" ? things.replace(/s$/, "") : things}`;
}
