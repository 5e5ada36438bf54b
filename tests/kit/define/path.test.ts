import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Path } from "../../../provider/kit/define/path.ts";
import { covers, formatPath, parsePath, valueAt } from "../../../provider/kit/define/path.ts";
import type { Value } from "../../../provider/kit/define/value.ts";
import { OutputValue, Secret, unknown } from "../../../provider/kit/define/value.ts";

describe("a path is written in Pulumi's notation", () => {
  test.each<[Path, string]>([
    [[], ""],
    [["targets", "hosts", 3, "port"], "targets.hosts[3].port"],
    [["a", 0, 1], "a[0][1]"],
    [["tags", "app.kubernetes.io/name"], 'tags["app.kubernetes.io/name"]'],
    [["a b"], '["a b"]'],
    [["tags", 'say "hi"', "x"], 'tags["say \\"hi\\""].x'],
    [["tags", ""], 'tags[""]'],
    [["tags", "0"], 'tags["0"]'],
    // As in Pulumi's own Go code, a backslash is no escape but before a quotation mark.
    [["files", "C:\\x.y"], 'files["C:\\x.y"]'],
    [["files", "C:\\temp\\"], "files.C:\\temp\\"],
  ])("%j is %s", (path, text) => {
    expect(formatPath(path)).toBe(text);
    expect(parsePath(text)).toEqual(text === "" ? [""] : path);
  });
});

test("what is written is read again as the same path", () => {
  const step = fc.oneof(
    fc.nat(1000),
    fc.constantFrom("a", "$x", "_y", "constructor", "a.b", "a b", 'q"q', "[0]", "[*]", "]", "é", "0", " "),
    fc.string().filter((text) => text !== "*" && !text.includes("\\")),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 1 }), (path) => {
      expect(parsePath(formatPath(path))).toEqual(path);
    }),
  );
});

describe("a text that users write", () => {
  test.each<[string, Path]>([
    ["hosts[*].port", ["hosts", "*", "port"]],
    ['hosts["*"].port', ["hosts", "*", "port"]],
    ["foo-bar.baz", ["foo-bar", "baz"]],
    ["a.[0]", ["a", 0]],
  ])("%s is read as Pulumi reads it", (text, path) => {
    expect(parsePath(text)).toEqual(path);
  });
  test.each(["", ".", ".a", "a.", "a[", "a[x]", 'a["b', "a[-1]"])("%j is no path, so it matches nothing", (text) => {
    expect(parsePath(text)).toEqual([text]);
    expect(covers(parsePath(text), ["a"])).toBe(false);
    expect(covers(parsePath(text), ["a", "b"])).toBe(false);
  });
  test("is read in time that grows with its length only", () => {
    const text = `a["${'\\"'.repeat(50_000)}`;
    expect(parsePath(text)).toEqual([text]);
  });
});

describe("a pattern", () => {
  test.each<[string, Path, boolean]>([
    ["a", ["a"], true],
    ["a", ["a", 0, "b"], true],
    ["a[0]", ["a"], false],
    ["a[*].b", ["a", 7, "b"], true],
    ["a[*].b", ["a", "key", "b", "c"], true],
    ["a[*].b", ["a", 7, "c"], false],
    ["a", ["ab"], false],
    ["a[1]", ["a", "1"], true],
  ])("%s against %j: %s", (pattern, path, expected) => {
    expect(covers(parsePath(pattern), path)).toBe(expected);
  });
});

describe("the value at a path", () => {
  const value: Value = {
    hosts: new Secret([{ port: new OutputValue({ value: 22 }) }]),
    "a.b": null,
    later: unknown,
  };
  test("is found through secrets and outputs", () => {
    const found = valueAt(value, ["hosts", 0, "port"]);
    expect(found instanceof OutputValue && found.value).toBe(22);
    expect(valueAt(value, ["a.b"])).toBeNull();
    expect(valueAt(value, [])).toBe(value);
  });
  test.each<[Path]>([
    [["hosts", 1]],
    [["hosts", "0"]],
    [["hosts", "length"]],
    [["constructor"]],
    [["__proto__"]],
    [["later", "x"]],
    [["a.b", "x"]],
  ])("is nothing at %j", (path) => {
    expect(valueAt(value, path)).toBeUndefined();
  });
});
