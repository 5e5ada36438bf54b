import * as fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import type { MaybeUnknown, PreviewOf, ReturnedInPreview, ReturnedObject } from "../../../provider/kit/define/plain.ts";
import { describeProblem, plainMapOf, plainOf, valueFrom } from "../../../provider/kit/define/plain.ts";
import type { Value } from "../../../provider/kit/define/value.ts";
import {
  Asset,
  OutputValue,
  type ResourceReference,
  Secret,
  Unknown,
  unknown,
} from "../../../provider/kit/define/value.ts";
import { anyValue } from "./arbitrary.ts";
import { comparable } from "./comparable.ts";

/** What is read of a returned value, and what is said of it. */
function read(returned: unknown, isSecretText?: (text: string) => boolean): { value: unknown; problems: string[] } {
  const problems: string[] = [];
  const value = valueFrom(returned, (path, problem) => problems.push(describeProblem(path, problem)), isSecretText);
  return { value: comparable(value), problems };
}

describe("what a handler returns", () => {
  class Thing {
    name = "x";
  }
  const cycle: Record<string, unknown> = { a: 1 };
  cycle.self = [cycle];
  const throwing = Object.defineProperty({}, "bad", {
    enumerable: true,
    get: () => {
      throw new Error("no such column");
    },
  });
  const orphan: unknown = Object.create(Object.create(null));

  test.each<[string, unknown, string]>([
    ["a function", () => 1, "x: a function cannot be encoded"],
    ["a symbol", Symbol("s"), "x: a symbol cannot be encoded"],
    ["a big integer", 10n, "x: a bigint cannot be encoded"],
    ["not a number", Number.NaN, "x: the number NaN cannot be encoded"],
    ["infinity", Number.NEGATIVE_INFINITY, "x: the number -Infinity cannot be encoded"],
    ["a date", new Date(0), "x: an object of class Date cannot be encoded"],
    ["a map", new Map([["a", 1]]), "x: an object of class Map cannot be encoded"],
    ["a set", new Set([1]), "x: an object of class Set cannot be encoded"],
    ["a buffer", Buffer.from("a"), "x: an object of class Buffer cannot be encoded"],
    ["a promise that was not awaited", Promise.resolve(1), "x: an object of class Promise cannot be encoded"],
    ["an instance of a class", new Thing(), "x: an object of class Thing cannot be encoded"],
    ["an object of no known class", orphan, "x: an object of class ? cannot be encoded"],
    [
      "an output, which is the wire's matter",
      new OutputValue({}),
      "x: an object of class OutputValue cannot be encoded",
    ],
    ["a cycle", cycle, "x.self[0]: a value that contains itself cannot be encoded"],
    ["a getter that throws", throwing, "x: reading it failed: no such column"],
    ["a bad value in a secret", new Secret(Symbol("s")), "x: a symbol cannot be encoded"],
  ])("loses %s, and says so", (_, bad, problem) => {
    const { value, problems } = read({ id: "1", x: bad });
    expect(problems).toEqual([problem]);
    expect(value instanceof Map && value.get("id")).toBe("1");
  });

  test("loses what is nested too deeply, whatever it is nested in", () => {
    let list: unknown = 1;
    let secret: unknown = 1;
    let map: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) {
      list = [list];
      secret = new Secret(secret);
      map = { a: map };
    }
    for (const deep of [list, secret, map])
      expect(read({ deep }).problems).toEqual([expect.stringMatching(/: nested too deeply$/)]);
  });

  test("keeps absent properties absent and fills the holes of a list", () => {
    // biome-ignore lint/suspicious/noSparseArray: a hole is the case
    const { value, problems } = read({ a: undefined, list: [1, , undefined, null] });
    expect(value).toEqual(new Map([["list", [1, null, null, null]]]));
    expect(problems).toEqual([]);
  });

  test("may say the same object twice", () => {
    const same = { a: 1 };
    expect(read({ x: same, y: [same, same] }).problems).toEqual([]);
  });

  test("may have no prototype, and keys of any name", () => {
    const returned: unknown = JSON.parse('{"__proto__": {"admin": true}, "constructor": 1}');
    expect(read(Object.assign(Object.create(null), { a: 1 })).value).toEqual(new Map([["a", 1]]));
    expect(read(returned).value).toEqual(
      new Map<string, unknown>([
        ["__proto__", new Map([["admin", true]])],
        ["constructor", 1],
      ]),
    );
  });

  test.each([[undefined], [null], ["text"], [() => 1]])("may be no object at all: %s", (returned) => {
    expect(() => read(returned)).not.toThrow();
  });

  test("is secret where it repeats a secret of the call, once", () => {
    const returned = { a: "hunter2", b: ["hunter2", "open"], c: new Secret("hunter2") };
    expect(read(returned, (text) => text === "hunter2").value).toEqual(
      new Map<string, unknown>([
        ["a", ["secret", "hunter2"]],
        ["b", [["secret", "hunter2"], "open"]],
        ["c", ["secret", "hunter2"]],
      ]),
    );
  });

  test("never makes reading it throw", () => {
    const rubbish = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      withSparseArray: true,
      withBoxedValues: true,
    });
    fc.assert(
      fc.property(rubbish, (returned) => {
        const { value } = read(returned);
        expect(JSON.stringify(value) ?? "nothing").toBeTypeOf("string");
      }),
    );
  });
});

describe("values as handlers see them", () => {
  test("have no marks of secretness and origin; unknowns stay", () => {
    const asset = new Asset({ kind: "text", text: "a" });
    const plain = plainMapOf({
      a: new Secret({ b: [new OutputValue({ value: new Secret(1), dependencies: ["urn:a"] })] }),
      c: new Unknown("number"),
      d: new OutputValue({}),
      e: asset,
      f: null,
    });
    expect(plain).toEqual({ a: { b: [1] }, c: new Unknown("number"), d: unknown, e: asset, f: null });
  });
  test("are what was returned, if nothing was secret", () => {
    const json = fc.jsonValue();
    fc.assert(
      fc.property(json, (returned) => {
        const value = valueFrom(returned, () => expect.unreachable());
        expect(plainOf(value ?? null)).toEqual(returned);
      }),
    );
  });
  test("can be read again", () => {
    const finite = anyValue.filter((value) => !JSON.stringify(comparable(value)).includes("NaN"));
    fc.assert(
      fc.property(finite, (value: Value) => {
        const plain = plainOf(value);
        const problems: string[] = [];
        const again = valueFrom(plain, (_path, problem) => problems.push(problem));
        if (problems.length === 0) expect(plainOf(again ?? null)).toEqual(plain);
        else expect(problems.every((problem) => problem.startsWith("the number"))).toBe(true);
      }),
    );
  });
});

describe("types", () => {
  interface Thing {
    name: string;
    mode: "a" | "b";
    hosts: { port: number; on?: boolean }[];
    file: Asset;
    tags: Record<string, string>;
  }
  test("of a preview's inputs allow an unknown at every place, and nothing else", () => {
    expectTypeOf<PreviewOf<Thing>["name"]>().toEqualTypeOf<string | Unknown>();
    expectTypeOf<PreviewOf<Thing>["file"]>().toEqualTypeOf<Asset | Unknown>();
    expectTypeOf<PreviewOf<Thing>["mode"]>().toEqualTypeOf<"a" | "b" | Unknown>();
    expectTypeOf<Unknown>().toExtend<PreviewOf<Thing>["hosts"]>();
    expectTypeOf<{ port: Unknown }[]>().toExtend<PreviewOf<Thing>["hosts"]>();
    expectTypeOf<{ port: string }[]>().not.toExtend<PreviewOf<Thing>["hosts"]>();
    expectTypeOf<MaybeUnknown<unknown>>().toBeUnknown();
  });
  test("of returned outputs allow a secret at every place, of the right type", () => {
    expectTypeOf<Secret<string>>().toExtend<ReturnedObject<Thing>["name"]>();
    expectTypeOf<Secret<"a" | "b">>().toExtend<ReturnedObject<Thing>["mode"]>();
    expectTypeOf<{ port: Secret<number>; on: Secret<boolean> }[]>().toExtend<ReturnedObject<Thing>["hosts"]>();
    expectTypeOf<Record<string, Secret<string>>>().toExtend<ReturnedObject<Thing>["tags"]>();
    expectTypeOf<Secret<number>>().not.toExtend<ReturnedObject<Thing>["name"]>();
    expectTypeOf<Unknown>().not.toExtend<ReturnedObject<Thing>["name"]>();
    expectTypeOf<ResourceReference>().not.toExtend<ReturnedObject<Thing>["file"]>();
  });
  test("of what a preview returns allow both, also together", () => {
    expectTypeOf<Secret<Unknown>>().toExtend<ReturnedInPreview<string>>();
    expectTypeOf<Secret<string>>().toExtend<ReturnedInPreview<string>>();
    expectTypeOf<{ port: Unknown }[]>().toExtend<ReturnedInPreview<Thing["hosts"]>>();
    expectTypeOf<Secret<number>>().not.toExtend<ReturnedInPreview<string>>();
    expectTypeOf<number>().not.toExtend<ReturnedInPreview<string>>();
  });
});
