import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { listNames, nearest } from "../../../provider/kit/define/suggest.ts";

describe("the name that was most likely meant", () => {
  const names = ["hostname", "port", "username", "privateKey", "sudo"];
  test.each([
    ["hostnmae", "hostname"],
    ["prot", "port"],
    ["PORT", "port"],
    ["user_name", "username"],
    ["private-key", "privateKey"],
    ["privatekey", "privateKey"],
    ["por", "port"],
    ["sdo", "sudo"],
  ])("for %s is %s", (given, expected) => {
    expect(nearest(given, names)).toBe(expected);
  });
  test.each(["completelyDifferent", "x", "", "passphrase", "h".repeat(100_000)])("for %.20s is none", (given) => {
    expect(nearest(given, names)).toBeUndefined();
  });
  test("is never one in which every character differs", () => {
    expect(nearest("b", ["a"])).toBeUndefined();
    expect(nearest("B", ["b"])).toBe("b");
  });
  test("is none where there are no names", () => expect(nearest("a", [])).toBeUndefined());
  test("is the name itself, if it is one", () => {
    const name = fc.string({ minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(name, fc.array(name), (given, others) => {
        expect(nearest(given, [...others, given])?.toLowerCase()).toBe(given.toLowerCase());
      }),
    );
  });
  test("survives one typing mistake in a name of four letters or more", () => {
    const mistakes = fc.record({
      name: fc.stringMatching(/^[a-z]{4,20}$/),
      place: fc.nat(),
      letter: fc.stringMatching(/^[a-z]$/),
      kind: fc.constantFrom("insert", "delete", "replace", "swap"),
    });
    fc.assert(
      fc.property(mistakes, ({ name, place, letter, kind }) => {
        const at = place % name.length;
        const [head, tail] = [name.slice(0, at), name.slice(at + 1)];
        const swapped = tail === "" ? name : `${head}${tail[0]}${name[at]}${tail.slice(1)}`;
        const wrong = {
          insert: `${head}${letter}${name[at]}${tail}`,
          delete: head + tail,
          replace: head + letter + tail,
          swap: swapped,
        }[kind];
        expect(nearest(wrong, [name])).toBe(name);
      }),
    );
  });
});

describe("names in a sentence", () => {
  test.each<[(string | number | boolean)[], string]>([
    [[], ""],
    [["a"], '"a"'],
    [["a", "b"], '"a" or "b"'],
    [["a", "b", "c"], '"a", "b" or "c"'],
    [[1, 2], "1 or 2"],
    [['say "hi"'], '"say \\"hi\\""'],
  ])("%j is %s", (names, text) => {
    expect(listNames(names)).toBe(text);
  });
  test("are cut where they are too many", () => expect(listNames(["a", "b", "c"], 2)).toBe('"a", "b" and 1 more'));
});
