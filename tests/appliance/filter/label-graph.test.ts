import { describe, expect, it } from "vitest";
import { cycleThrough } from "../../../provider/appliance/filter/label-graph.ts";

describe("a cycle of labels", () => {
  it.each<[string, Record<string, string[]>, string[] | undefined]>([
    ["none", { a: ["b"], b: ["c"] }, undefined],
    ["one of itself", { a: ["a"] }, ["a", "a"]],
    ["the shortest of two", { a: ["b", "c"], b: ["c"], c: ["a"] }, ["a", "c", "a"]],
    ["one that it is no part of", { a: ["b"], b: ["c"], c: ["b"] }, undefined],
    ["a diamond, which is none", { a: ["b", "c"], b: ["d"], c: ["d"] }, undefined],
    ["a label that is not there", { a: ["z"] }, undefined],
  ])("%s", (_, referred, expected) => {
    expect(cycleThrough("a", new Map(Object.entries(referred)))).toEqual(expected);
  });
});
