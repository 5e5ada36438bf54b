import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitsGlob } from "../../../provider/appliance/filter/glob.ts";

describe("a pattern with stars and question marks", () => {
  it.each([
    ["", "", true],
    ["", "a", false],
    ["*", "", true],
    ["web*", "web01.corp.example", true],
    ["web*", "intraweb", false],
    ["*web*", "intraweb01", true],
    ["web??", "web01", true],
    ["web??", "web1", false],
    ["*.corp.example", "web.corp.example.org", false],
    ["a*b*c", "a-b-b-c", true],
    ["a.c", "abc", false],
    ["[ab]", "a", false],
    ["***", "anything", true],
  ])("%j and %j: %s", (pattern, text, expected) => {
    expect(fitsGlob(pattern, text)).toBe(expected);
  });

  it("means what the regular expression for it means", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 8 });
    const texts = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 10 });
    fc.assert(
      fc.property(letters, texts, (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        expect(fitsGlob(pattern, text)).toBe(expression.test(text));
      }),
      { numRuns: 1_000 },
    );
  });

  it("comes to an end where a regular expression would try every way", () => {
    expect(fitsGlob(`${"*a".repeat(100)}b`, "a".repeat(255))).toBe(false);
  });
});
