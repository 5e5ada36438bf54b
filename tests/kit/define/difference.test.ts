import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import type { Change } from "../../../provider/kit/define/difference.ts";
import { differences, digestOf, onlyRecorded } from "../../../provider/kit/define/difference.ts";
import { formatPath } from "../../../provider/kit/define/path.ts";
import { archive, asset, numberOrPercent, resourceReference } from "../../../provider/kit/define/scalars.ts";
import type { Value, ValueMap } from "../../../provider/kit/define/value.ts";
import {
  Archive,
  Asset,
  hasUnknown,
  OutputValue,
  ResourceReference,
  Secret,
  setKey,
  unknown,
} from "../../../provider/kit/define/value.ts";
import { anyValue, schemaAndValues } from "./arbitrary.ts";
import { compiled } from "./compiled.ts";

const password = z.string().optional().meta({ secret: true, credential: true });
const shape = compiled(
  z.object({
    text: z.string().optional(),
    note: z.string().nullable().optional(),
    list: z.array(z.string()).optional(),
    map: z.record(z.string(), z.int()).optional(),
    place: z.object({ zone: z.string(), rack: z.string().optional() }).optional().meta({ replaces: true }),
    hosts: z.array(z.object({ name: z.string().meta({ replaces: true }), port: z.int() })).optional(),
    login: z.object({ user: z.string(), password }).optional(),
    password,
    keys: z.array(z.string()).optional().meta({ credential: true }),
    pinned: z.object({ zone: z.string(), password }).optional().meta({ replaces: true }),
    script: z.string().optional().meta({ hash: true }),
    file: asset().optional(),
    files: archive().optional(),
    owner: resourceReference("Owner").optional(),
    parallel: numberOrPercent().optional(),
    tags: z.array(z.string()).optional().meta({ set: true }),
    pins: z.array(z.string()).optional().meta({ set: true, replaces: true }),
    users: z
      .array(z.object({ name: z.string(), groups: z.array(z.string()).optional().meta({ set: true }), password }))
      .optional()
      .meta({ set: true }),
    scripts: z
      .array(z.string().meta({ hash: true }))
      .optional()
      .meta({ set: true }),
    auth: z
      .discriminatedUnion("method", [
        z.object({ method: z.literal("password"), user: z.string(), password }),
        z.object({ method: z.literal("key"), user: z.string().meta({ replaces: true }) }),
      ])
      .optional(),
    either: z
      .union([z.string().meta({ hash: true }), z.array(z.object({ id: z.string().meta({ replaces: true }) }))])
      .optional(),
    extra: z.any().optional(),
    site: z.string().optional().meta({ replaces: true, supplied: "the provider's own" }),
  }),
);

/** One line for each difference: `update text (update)`. */
function written(changes: readonly Change[]): string[] {
  return changes.map(({ path, kind, effect }) => `${kind} ${formatPath(path)} (${effect})`);
}
const differ = (before: ValueMap, after: ValueMap) => written(differences(shape, before, after));
const secret = (value: Value) => new Secret(value);

describe("each difference has its exact path, kind and effect:", () => {
  const hello = "hello";
  test.each<[string, ValueMap, ValueMap, string[]]>([
    ["a text", { text: "a" }, { text: "b" }, ["update text (update)"]],
    ["a new property", {}, { text: "a" }, ["add text (update)"]],
    ["what was supplied", { site: "a" }, { site: "b" }, ["update site (replace)"]],
    ["what is supplied and was not by an older version", {}, { site: "a" }, []],
    ["what an older version did not supply, asked the other way round", { site: "a" }, {}, []],
    ["a property that is gone", { text: "a" }, {}, ["delete text (update)"]],
    ["null is a value", { note: null }, { note: "a" }, ["update note (update)"]],
    ["null is not nothing", { note: null }, {}, ["delete note (update)"]],
    ["a property that nobody knows", { old: 1 }, { new: 1 }, []],
    ["an item", { list: ["a", "b"] }, { list: ["a", "c", "d"] }, ["update list[1] (update)", "add list[2] (update)"]],
    [
      "a key of a map",
      { map: { a: 1, "b.c": 2 } },
      { map: { a: 1, d: 3 } },
      ['delete map["b.c"] (update)', "add map.d (update)"],
    ],
    [
      "replace reaches down",
      { place: { zone: "a" } },
      { place: { zone: "b", rack: "c" } },
      ["update place.zone (replace)", "add place.rack (replace)"],
    ],
    [
      "replace of one nested property",
      { hosts: [{ name: "a", port: 1 }] },
      { hosts: [{ name: "b", port: 2 }] },
      ["update hosts[0].name (replace)", "update hosts[0].port (update)"],
    ],
    ["a number becomes a percentage", { parallel: 5 }, { parallel: "5%" }, ["update parallel (update)"]],
    ["a list becomes a text", { either: [{ id: "a" }] }, { either: "a" }, ["update either (update)"]],
    [
      "an option without a discriminator has its policies",
      { either: [{ id: "a" }] },
      { either: [{ id: "b" }] },
      ["update either[0].id (replace)"],
    ],
    ["something within anything", { extra: { a: [1] } }, { extra: { a: [1, 2] } }, ["add extra.a[1] (update)"]],
    ["the kind of anything", { extra: [1] }, { extra: { 0: 1 } }, ["update extra (update)"]],
    [
      "what is not known yet",
      { text: "a" },
      { text: unknown, list: new OutputValue({}) },
      ["update text (update)", "add list (update)"],
    ],
    ["what was not known", { text: unknown }, { text: unknown }, ["update text (update)"]],
    [
      "what is not known within a secret",
      { place: { zone: "a" } },
      { place: secret({ zone: unknown }) },
      ["update place.zone (replace)"],
    ],
    ["secrecy alone", { text: "a" }, { text: secret("a") }, ["update text (secrecy)"]],
    ["secrecy lost", { place: { zone: secret("a") } }, { place: { zone: "a" } }, ["update place.zone (secrecy)"]],
    [
      "secrecy that moves inwards",
      { place: secret({ zone: "a" }) },
      { place: { zone: secret("a") } },
      ["update place.zone (secrecy)"],
    ],
    [
      "secrecy with a change",
      { place: { zone: "a" } },
      { place: secret({ zone: "b" }) },
      ["update place.zone (replace)"],
    ],
    ["a secret", { text: secret("a") }, { text: secret("b") }, ["update text (update)"]],
    [
      "an output is its value",
      { text: secret("a") },
      { text: new OutputValue({ value: "a", secret: true, dependencies: ["urn:a"] }) },
      [],
    ],
    ["a text and its digest", { script: hello }, { script: digestOf(hello) }, []],
    ["a digest and its text", { script: digestOf(hello) }, { script: hello }, []],
    ["a digest of another text", { script: digestOf("other") }, { script: hello }, ["update script (update)"]],
    ["a digest where none may be", { text: hello }, { text: digestOf(hello) }, ["update text (update)"]],
    ["a digest in an option", { either: hello }, { either: digestOf(hello) }, []],
    [
      "a file by its hash",
      { file: new Asset({ kind: "path", path: "a" }, "aa") },
      { file: new Asset({ kind: "text", text: "b" }, "aa") },
      [],
    ],
    [
      "a file of which only the hash came",
      { file: new Asset({ kind: "elided" }, "aa") },
      { file: new Asset({ kind: "text", text: "b" }, "bb") },
      ["update file (update)"],
    ],
    [
      "a file without a hash",
      { file: new Asset({ kind: "path", path: "a" }) },
      { file: new Asset({ kind: "path", path: "b" }) },
      ["update file (update)"],
    ],
    [
      "a file that becomes an archive",
      { extra: new Asset({ kind: "elided" }, "aa") },
      { extra: new Archive({ kind: "elided" }, "aa") },
      ["update extra (update)"],
    ],
    [
      "an archive by its hash",
      { files: new Archive({ kind: "elided" }, "aa") },
      { files: new Archive({ kind: "path", path: "a" }, "aa") },
      [],
    ],
    ["another resource", { owner: reference("a", "1") }, { owner: reference("b", "1") }, ["update owner (update)"]],
    [
      "a resource that was replaced",
      { owner: reference("a", "1") },
      { owner: reference("a", "2") },
      ["update owner (update)"],
    ],
    [
      "a resource that will be replaced",
      { owner: reference("a", "1") },
      { owner: new ResourceReference({ urn: "a", id: unknown }) },
      ["update owner (update)"],
    ],
    ["the same resource", { owner: reference("a", "1") }, { owner: reference("a", "1") }, []],
    [
      "the same option",
      { auth: { method: "password", user: "a" } },
      { auth: { method: "password", user: "b" } },
      ["update auth.user (update)"],
    ],
    [
      "another policy in another option",
      { auth: { method: "key", user: "a" } },
      { auth: { method: "key", user: "b" } },
      ["update auth.user (replace)"],
    ],
    [
      "another option",
      { auth: { method: "key", user: "a" } },
      { auth: { method: "password", user: "a" } },
      ["update auth (update)"],
    ],
    [
      "an option that is not known yet",
      { auth: { method: "key", user: "a" } },
      { auth: { method: unknown, user: "a" } },
      ["update auth (update)"],
    ],
  ])("%s", (_, before, after, expected) => {
    expect(differ(before, after)).toEqual(expected);
  });
});

describe("a credential never causes work", () => {
  test.each<[string, ValueMap, ValueMap, string[]]>([
    ["changed", { password: "a" }, { password: "b" }, ["update password (credential)"]],
    ["removed", { password: "a" }, {}, ["delete password (credential)"]],
    ["added", {}, { password: "a" }, ["add password (credential)"]],
    [
      "added below other properties",
      { login: { user: "a" } },
      { login: { user: "a", password: "b" } },
      ["add login.password (credential)"],
    ],
    [
      "added in an option",
      { auth: { method: "password", user: "a" } },
      { auth: { method: "password", user: "a", password: "b" } },
      ["add auth.password (credential)"],
    ],
    [
      "changed below other properties",
      { login: { user: "a", password: "b" } },
      { login: { user: "a", password: "c" } },
      ["update login.password (credential)"],
    ],
    [
      "changed in what replaces",
      { pinned: { zone: "a", password: "b" } },
      { pinned: { zone: "a", password: "c" } },
      ["update pinned.password (credential)"],
    ],
    [
      "one of a list",
      { keys: ["a"] },
      { keys: ["b", "c"] },
      ["update keys[0] (credential)", "add keys[1] (credential)"],
    ],
    [
      "changed in an item of a set",
      { users: [{ name: "a", password: "b" }] },
      { users: [{ name: "a", password: "c" }] },
      ["update users (credential)"],
    ],
    ["not known yet", { password: "a" }, { password: unknown }, ["update password (credential)"]],
  ])("%s", (_, before, after, expected) => {
    expect(differ(before, after)).toEqual(expected);
    expect(onlyRecorded(differences(shape, before, after))).toBe(true);
  });
  test("but what it stands beside does", () => {
    expect(onlyRecorded(differences(shape, { password: "a", text: "a" }, { password: "b", text: "b" }))).toBe(false);
  });
});

describe("a set", () => {
  test.each<[string, ValueMap, ValueMap, string[]]>([
    ["has no order", { tags: ["a", "b"] }, { tags: ["b", "a"] }, []],
    ["has no repetitions", { tags: ["a", "b"] }, { tags: ["b", "a", "a"] }, []],
    ["gains an item", { tags: ["a"] }, { tags: ["b", "a"] }, ["add tags[0] (update)"]],
    ["loses an item", { tags: ["a", "b"] }, { tags: ["b"] }, ["delete tags[0] (update)"]],
    [
      "loses one and gains one at the same place",
      { tags: ["a", "b"] },
      { tags: ["c", "b"] },
      ["update tags[0] (update)"],
    ],
    [
      "loses one and gains one elsewhere",
      { tags: ["a", "b"] },
      { tags: ["b", "c"] },
      ["delete tags[0] (update)", "add tags[1] (update)"],
    ],
    ["gains the same item twice", { tags: [] }, { tags: ["a", "a"] }, ["add tags[0] (update)"]],
    ["replaces", { pins: ["a"] }, { pins: [] }, ["delete pins[0] (replace)"]],
    [
      "of objects has no order, nor have their keys",
      { users: [{ name: "a", groups: ["x", "y"] }, { name: "b" }] },
      { users: [{ name: "b" }, { groups: ["y", "x", "x"], name: "a" }] },
      [],
    ],
    [
      "of objects changes",
      { users: [{ name: "a", groups: ["x"] }] },
      { users: [{ name: "a", groups: ["y"] }] },
      ["update users[0] (update)"],
    ],
    ["of hashed texts", { scripts: ["a", "b"] }, { scripts: [digestOf("b"), digestOf("a")] }, []],
    ["tells secrets by what they hide", { tags: [secret("a"), secret("b")] }, { tags: [secret("b"), secret("a")] }, []],
    ["with another secret", { tags: [secret("a")] }, { tags: [secret("b")] }, ["update tags[0] (update)"]],
    [
      "of which another part is secret",
      { tags: [secret("a"), "b"] },
      { tags: ["a", secret("b")] },
      ["update tags (secrecy)"],
    ],
    ["that became secret", { tags: ["a"] }, { tags: secret(["a"]) }, ["update tags (secrecy)"]],
    ["with an item that is not known yet", { tags: ["a"] }, { tags: ["a", unknown] }, ["add tags[1] (update)"]],
    [
      "with items that are not known yet",
      { tags: ["a", "b"] },
      { tags: [unknown, unknown] },
      ["update tags[0] (update)", "update tags[1] (update)"],
    ],
    ["tells a text from a number of the same form", { extra: 1 }, { extra: "1" }, ["update extra (update)"]],
  ])("%s", (_, before, after, expected) => {
    expect(differ(before, after)).toEqual(expected);
  });
});

describe("keys with a meaning in JavaScript", () => {
  test("are compared like any other", () => {
    const hostile: Record<string, Value> = {};
    setKey(hostile, "__proto__", 1);
    expect(differ({ map: {} }, { map: hostile })).toEqual(["add map.__proto__ (update)"]);
    expect(differ({ map: { constructor: 1 } }, { map: {} })).toEqual(["delete map.constructor (update)"]);
    expect(differ({ map: hostile }, { map: hostile })).toEqual([]);
  });
});

describe("for every shape and all values", () => {
  const known = { secrets: true, unknowns: false };
  const one = schemaAndValues(known).chain(({ schema, values }) =>
    fc.record({ schema: fc.constant(schema), value: values }),
  );
  const two = schemaAndValues({ secrets: true, unknowns: true }).chain(({ schema, values }) =>
    fc.record({ schema: fc.constant(schema), before: values, after: values }),
  );

  test("a value does not differ from itself", () => {
    fc.assert(
      fc.property(one, ({ schema, value }) => {
        expect(differences(compiled(schema), value, structurally(value))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("nor does a value that fits no shape", () => {
    const values = fc.dictionary(
      fc.constantFrom("text", "list", "place", "tags", "users", "auth", "either", "extra"),
      anyValue,
    );
    fc.assert(
      fc.property(
        values.filter((value) => !hasUnknown(value)),
        (value) => {
          expect(differences(shape, value, value)).toEqual([]);
        },
      ),
    );
  });

  test("no path is named twice, and the other way around has the same paths with the opposite kinds", () => {
    const opposite = { add: "delete", delete: "add", update: "update" } as const;
    fc.assert(
      fc.property(two, ({ schema, before, after }) => {
        const there = differences(compiled(schema), before, after);
        const back = differences(compiled(schema), after, before);
        const lines = written(there);
        expect(new Set(there.map(({ path }) => JSON.stringify(path))).size).toBe(there.length);
        expect(lines.toSorted()).toEqual(
          written(back.map((change) => ({ ...change, kind: opposite[change.kind] }))).toSorted(),
        );
      }),
      { numRuns: 300 },
    );
  });
});

function reference(urn: string, id: string): ResourceReference {
  return new ResourceReference({ urn, id });
}

/** An equal value that shares no list and no map with the first. */
function structurally(value: ValueMap): ValueMap {
  const copy = (part: Value): Value => {
    if (part instanceof Secret) return new Secret(copy(part.reveal()));
    if (part instanceof Asset) return new Asset(part.source, part.hash);
    if (part instanceof ResourceReference) return new ResourceReference(part);
    if (part instanceof OutputValue || part instanceof Archive || typeof part !== "object" || part === null)
      return part;
    if (Array.isArray(part)) return part.map((item: Value) => copy(item));
    const map: Record<string, Value> = {};
    for (const [key, item] of Object.entries(part as ValueMap).reverse()) setKey(map, key, copy(item));
    return map;
  };
  return copy(value) as ValueMap; // a map is copied to a map
}
