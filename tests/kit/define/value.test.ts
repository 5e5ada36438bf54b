import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { Value } from "../../../provider/kit/define/value.ts";
import {
  Archive,
  Asset,
  eachSecretText,
  getKey,
  hasSecret,
  hasUnknown,
  isValueMap,
  OutputValue,
  ResourceReference,
  Secret,
  setKey,
  Unknown,
  unknown,
  unwrap,
} from "../../../provider/kit/define/value.ts";

describe("a secret", () => {
  const secret = new Secret("hunter2");
  test.each([
    ["a template", `${secret}`],
    ["JSON", JSON.stringify({ password: secret })],
    ["console.log", inspect({ deep: { er: [secret] } }, { depth: 9, showHidden: true })],
    ["console.log of a secret output", inspect(new OutputValue({ value: "hunter2", secret: true }))],
    ["JSON of a secret output", JSON.stringify([new OutputValue({ value: "hunter2", secret: true })])],
    ["its keys", Object.keys(secret).join()],
  ])("does not show in %s", (_, text) => {
    expect(text).not.toContain("hunter2");
  });
  test("is revealed to whoever asks", () => expect(secret.reveal()).toBe("hunter2"));
});

test("an output that is no secret shows what it holds", () => {
  expect(inspect(new OutputValue({ value: "visible" }))).toContain("visible");
  expect(JSON.stringify(new OutputValue({ value: "visible" }))).toContain("visible");
});

describe("a value map", () => {
  const specials: Value[] = [
    null,
    [],
    secretOf(1),
    unknown,
    new OutputValue({}),
    new Asset({ kind: "elided" }),
    new Archive({ kind: "elided" }),
    new ResourceReference({ urn: "urn:a" }),
    "text",
  ];
  test.each(specials.map((value) => [value]))("is none of the special values: %s", (value) => {
    expect(isValueMap(value)).toBe(false);
  });
  test("is any other object", () => expect(isValueMap({})).toBe(true));
  test("holds a key called __proto__ as a key", () => {
    const map: Record<string, Value> = {};
    setKey(map, "__proto__", { admin: true });
    expect(Object.keys(map)).toEqual(["__proto__"]);
    expect(getKey(map, "__proto__")).toEqual({ admin: true });
    expect("admin" in map).toBe(false);
  });
  test.each(["constructor", "toString", "__proto__"])("does not inherit a key called %s", (key) => {
    expect(getKey({}, key)).toBeUndefined();
  });
});

describe("unwrapping", () => {
  test.each<[string, Value, unknown]>([
    ["a plain value", 5, { value: 5, secret: false }],
    ["a secret", secretOf(5), { value: 5, secret: true }],
    ["secrets in secrets", secretOf(secretOf(5)), { value: 5, secret: true }],
    ["a secret output", new OutputValue({ value: 5, secret: true }), { value: 5, secret: true }],
    ["an output in a secret", secretOf(new OutputValue({ value: 5 })), { value: 5, secret: true }],
    ["a secret in an output", new OutputValue({ value: secretOf(null) }), { value: null, secret: true }],
    ["an unknown", unknown, { value: undefined, secret: false }],
    ["an unknown in a secret", secretOf(unknown), { value: undefined, secret: true }],
    ["an output without a value", new OutputValue({ secret: true }), { value: undefined, secret: true }],
  ])("%s tells the value and whether it is secret", (_, value, expected) => {
    expect(unwrap(value)).toEqual(expected);
  });
  test("leaves what is nested as it is", () => {
    const nested = { a: secretOf(1) };
    expect(unwrap(nested).value).toBe(nested);
  });
});

describe("what is nested anywhere", () => {
  const places: [string, (value: Value) => Value][] = [
    ["at the top", (value) => value],
    ["in a list", (value) => [1, [value]]],
    ["in a map", (value) => ({ a: { b: value } })],
    ["in a secret", (value) => secretOf({ a: value })],
    ["in an output", (value) => new OutputValue({ value: [value] })],
  ];
  test.each(places)("is seen %s", (_, put) => {
    expect(hasUnknown(put(new Unknown("number")))).toBe(true);
    expect(hasUnknown(put(new OutputValue({})))).toBe(true);
    expect(hasUnknown(put(1))).toBe(false);
    expect(hasSecret(put(secretOf(1)))).toBe(true);
    expect(hasSecret(put(new OutputValue({ value: 1, secret: true })))).toBe(true);
  });
  test("is no secret where there is none", () =>
    expect(hasSecret({ a: [1, new OutputValue({ value: 2 })] })).toBe(false));
});

describe("the texts to mask", () => {
  const textsOf = (value: Value) => {
    const texts: string[] = [];
    eachSecretText(value, (text) => texts.push(text));
    return texts;
  };
  test("are those inside secrets, at any depth", () => {
    const value = {
      open: "open",
      one: secretOf("one"),
      many: secretOf({ a: ["two", 3, true, null], b: { c: secretOf("four") } }),
      output: new OutputValue({ value: "five", secret: true }),
      list: ["open", secretOf("six")],
    };
    expect(textsOf(value).sort()).toEqual(["3", "five", "four", "one", "six", "two"]);
  });
  test("are those of files, also inside archives", () => {
    const file = new Asset({ kind: "text", text: "PRIVATE KEY" });
    const archive = new Archive({
      kind: "assets",
      assets: { "a.pem": file, deep: new Archive({ kind: "assets", assets: { b: file } }) },
    });
    expect(textsOf(secretOf(file))).toEqual(["PRIVATE KEY"]);
    expect(textsOf(secretOf(archive))).toEqual(["PRIVATE KEY", "PRIVATE KEY"]);
    expect(textsOf([file, archive])).toEqual([]);
  });
});

function secretOf(value: Value): Secret {
  return new Secret(value);
}
