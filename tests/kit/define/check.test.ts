import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import type { CheckOptions, Failure } from "../../../provider/kit/define/check.ts";
import { checkObject } from "../../../provider/kit/define/check.ts";
import { formatPath } from "../../../provider/kit/define/path.ts";
import { asset, duration, numberOrPercent, resourceReference } from "../../../provider/kit/define/scalars.ts";
import type { ValueMap } from "../../../provider/kit/define/value.ts";
import {
  Archive,
  Asset,
  isValueMap,
  OutputValue,
  ResourceReference,
  Secret,
  Unknown,
  unknown,
} from "../../../provider/kit/define/value.ts";
import { anyValue, schemaAndValues } from "./arbitrary.ts";
import { comparable } from "./comparable.ts";
import { compiled } from "./compiled.ts";

const host = z.object({
  address: z.string().min(1),
  port: z.int().min(1).max(65_535).default(22),
  become: z.enum(["sudo", "su", "none"]).optional(),
});
const auth = z.discriminatedUnion("method", [
  z.object({ method: z.literal("password"), username: z.string(), password: z.string().meta({ secret: true }) }),
  z.object({ method: z.literal("privateKey"), username: z.string(), key: z.string().meta({ secret: true }) }),
]);
const fleet = compiled(
  z.object({
    name: z.string(),
    targets: z.object({ hosts: z.array(host), labels: z.record(z.string(), z.string()).optional() }).optional(),
    auth: auth.optional(),
    token: z.string().min(8).meta({ secret: true }).optional(),
    level: z.literal([1, 2, 3]).optional(),
    ratio: z.number().optional(),
    enabled: z.boolean().optional(),
    file: asset().optional(),
    timeout: duration().optional(),
    parallel: numberOrPercent(1).optional(),
    owner: resourceReference("Owner").optional(),
    note: z.string().nullable().optional(),
    extra: z.any().optional(),
  }),
);

/** What is wrong, as users read it. */
function faults(value: ValueMap, options?: CheckOptions): string[] {
  return checkObject(fleet, { name: "n", ...value }, options).failures.map(
    ({ path, reason }) => `${formatPath(path)}: ${reason}`,
  );
}

/** A failure without the kind of its problem. */
function placed({ path, reason }: Failure): Pick<Failure, "path" | "reason"> {
  return { path, reason };
}

function checkedValue(schema: z.ZodObject, value: ValueMap, options?: CheckOptions): unknown {
  const checked = checkObject(compiled(schema), value, options);
  expect(checked.failures).toEqual([]);
  return comparable(checked.value);
}

describe("bad input is refused at its exact path, with the repair", () => {
  test.each<[ValueMap, string]>([
    [{ nmae: "x" }, 'nmae: unknown property; did you mean "name"?'],
    [
      { targets: { hosts: [{ address: "a", prot: 1 }] } },
      'targets.hosts[0].prot: unknown property; did you mean "port"?',
    ],
    [{ targets: { zzz: 1, hosts: [] } }, 'targets.zzz: unknown property; the properties here are "hosts" or "labels"'],
    [
      { targets: { hosts: [{ address: "a" }, { address: "b" }, { address: "c" }, { address: "d", port: "ssh" }] } },
      "targets.hosts[3].port: expected a whole number, got a string",
    ],
    [
      { targets: { hosts: [{ address: "a", port: 2.5 }] } },
      "targets.hosts[0].port: expected a whole number, got a number with a fraction",
    ],
    [{ targets: { hosts: [{ address: "a", port: 70_000 }] } }, "targets.hosts[0].port: expected at most 65535"],
    [{ targets: { hosts: [{ port: 22 }] } }, "targets.hosts[0].address: missing required property; expected a string"],
    [
      { targets: { hosts: [{ address: "a", become: "sduo" }] } },
      'targets.hosts[0].become: "sduo" is not allowed; expected one of "sudo", "su" or "none"; did you mean "sudo"?',
    ],
    [{ targets: { hosts: "a,b" } }, "targets.hosts: expected a list, got a string"],
    [{ targets: { hosts: [null] } }, "targets.hosts[0]: expected an object, got null"],
    [{ targets: { hosts: [], labels: { "a/b": 5 } } }, 'targets.labels["a/b"]: expected a string, got a whole number'],
    [{ targets: [] }, "targets: expected an object, got a list"],
    [{ auth: { username: "u" } }, 'auth.method: missing required property; expected one of "password" or "privateKey"'],
    [
      { auth: { method: "privatekey" } },
      'auth.method: "privatekey" is not allowed; expected one of "password" or "privateKey"; did you mean "privateKey"?',
    ],
    [{ auth: { method: 7 } }, 'auth.method: expected one of "password" or "privateKey", got a whole number'],
    [{ auth: "password" }, "auth: expected an object, got a string"],
    [
      { auth: { method: "password", username: "u", password: "p", key: "k" } },
      'auth.key: unknown property; the properties here are "method", "username" or "password"',
    ],
    [{ level: 4 }, "level: 4 is not allowed; expected one of 1, 2 or 3"],
    [{ level: "1" }, "level: expected one of 1, 2 or 3, got a string"],
    [{ ratio: Number.NaN }, "ratio: expected a number, got a number that is not finite"],
    [{ ratio: Number.POSITIVE_INFINITY }, "ratio: expected a number, got a number that is not finite"],
    [{ enabled: "true" }, "enabled: expected true or false, got a string"],
    [{ file: "x" }, "file: expected an asset (a file), got a string"],
    [{ file: new Archive({ kind: "elided" }) }, "file: expected an asset (a file), got an archive"],
    [
      { timeout: "5 minutes" },
      'timeout: expected a duration: a number and a unit, such as "500ms", "2s", "5m" or "1h"',
    ],
    [
      { timeout: 5 },
      'timeout: expected a duration: a number and a unit, such as "500ms", "2s", "5m" or "1h", got a whole number',
    ],
    [{ parallel: "110%" }, 'parallel: expected a percentage from 0% to 100%, such as "10%"'],
    [{ parallel: 0 }, "parallel: expected at least 1"],
    [
      { parallel: true },
      'parallel: expected a whole number or a percentage from 0% to 100%, such as "10%", got a boolean',
    ],
    [{ owner: "urn:x" }, "owner: expected a resource of type Owner, got a string"],
    [
      { constructor: 1 },
      'constructor: unknown property; the properties here are "name", "targets", "auth", "token", "level", "ratio", "enabled", "file", "timeout", "parallel", "owner", "note" and 1 more',
    ],
  ])("%j", (value, fault) => {
    expect(faults(value)).toEqual([fault]);
  });

  test("each fault is told, not only the first", () => {
    expect(faults({ nmae: 1, enabled: 1, targets: { hosts: [{ port: "x" }] } })).toHaveLength(4);
  });

  test("an integer beyond what a number can say exactly is refused", () => {
    expect(faults({ targets: { hosts: [{ address: "a", port: 2 ** 53 }] } })).toEqual([
      "targets.hosts[0].port: expected a whole number, got a whole number that is too large to be exact",
    ]);
  });

  test("a long wrong value is not repeated whole", () => {
    expect(faults({ targets: { hosts: [{ address: "a", become: "x".repeat(100_000) }] } })[0]?.length).toBeLessThan(
      200,
    );
  });
});

describe("a secret's value is in no message:", () => {
  test.each<[string, ValueMap]>([
    ["too short", { token: "hunter2" }],
    ["of the wrong kind", { token: 1_234_567 }],
    ["where an enum is", { targets: { hosts: [{ address: "a", become: new Secret("hunter2") }] } }],
    ["where a constant is", { auth: { method: new Secret("hunter2") } }],
    ["where a discriminator stands in a secret", { auth: new Secret({ method: "hunter2" }) }],
    ["in a secret list", { targets: new Secret({ hosts: [{ address: "a", become: "hunter2" }] }) }],
    ["in a secret output", { level: new OutputValue({ value: "hunter2", secret: true }) }],
    ["as a secret number", { level: new Secret(1_234_567) }],
  ])("%s", (_, value) => {
    const found = faults(value);
    expect(found).toHaveLength(1);
    expect(found.join()).not.toMatch(/hunter2|1234567/);
  });

  test("even if the author's own rule repeats it", () => {
    const rule = z
      .object({ user: z.string(), password: z.string().meta({ secret: true }) })
      .superRefine((value, context) => {
        context.addIssue({
          code: "custom",
          message: `${value.user} cannot have ${value.password}`,
          path: ["password"],
        });
      });
    const shape = compiled(z.object({ login: rule }));
    const login = { user: "bob", password: "hunter2" };
    const reasonOf = (value: ValueMap) => checkObject(shape, value).failures.map(({ reason }) => reason);
    expect(reasonOf({ login })).toEqual(["bob cannot have [secret]"]);
    expect(reasonOf({ login: new Secret(login) })).toEqual(["[secret] cannot have [secret]"]);
  });
});

describe("what is not known yet fails nothing:", () => {
  test.each<[string, ValueMap]>([
    ["a property", { token: unknown, name: unknown, level: new Unknown("number") }],
    ["a whole object", { targets: new Unknown("object"), auth: new OutputValue({}) }],
    ["an item", { targets: { hosts: [unknown, { address: unknown, port: unknown }] } }],
    ["a value in a map", { targets: { hosts: [], labels: { a: unknown } } }],
    ["a discriminator", { auth: { method: unknown, password: "p", key: 5, whatever: true } }],
    ["a secret", { token: new Secret(unknown), auth: new Secret(new OutputValue({})) }],
  ])("%s", (_, value) => {
    expect(faults(value)).toEqual([]);
  });

  test("and rules that span it wait until it is known", () => {
    const range = z
      .object({ from: z.int(), to: z.int() })
      .refine(({ from, to }) => from <= to, { error: "to is before from", path: ["to"] });
    const shape = compiled(z.object({ ranges: z.array(range).max(1) }));
    const found = (ranges: ValueMap["ranges"]) => checkObject(shape, { ranges: ranges ?? null }).failures.map(placed);
    expect(found([{ from: 2, to: unknown }])).toEqual([]);
    expect(found([{ from: 2, to: new Secret(1) }])).toEqual([
      { path: ["ranges", 0, "to"], reason: "to is before from" },
    ]);
    expect(
      found([
        { from: 1, to: 2 },
        { from: 1, to: 2 },
      ]),
    ).toMatchObject([{ path: ["ranges"] }]);
    // The list has too many items, but is not known to the last part.
    expect(found([{ from: 1, to: 2 }, unknown])).toEqual([]);
  });

  test("and stays what it is, with its kind and its secretness", () => {
    const schema = z.object({ a: z.int(), b: z.string().meta({ secret: true }), c: z.string() });
    const value = { a: new Unknown("number"), b: new Unknown("object"), c: new Secret(unknown) };
    expect(checkedValue(schema, value)).toEqual(
      new Map<string, unknown>([
        ["a", ["unknown", "number"]],
        ["b", ["secret", ["unknown", "object"]]],
        ["c", ["secret", ["unknown", "string"]]],
      ]),
    );
  });
});

describe("rules of the author", () => {
  const limits = z.object({ min: z.int().default(1), max: z.int() });
  test("run on the object itself, with defaults filled in and the path they name", () => {
    const schema = limits.refine(({ min, max }) => min <= max, { error: "max is below min", path: ["max"] });
    expect(checkObject(compiled(schema), { max: 0 }).failures.map(placed)).toEqual([
      { path: ["max"], reason: "max is below min" },
    ]);
    expect(checkObject(compiled(schema), { max: 1 }).failures).toEqual([]);
  });
  test("do not run on what is wrong already", () => {
    let runs = 0;
    const schema = z.object({ inner: limits.refine(() => ++runs > 0) });
    checkObject(compiled(schema), { inner: { max: "x" } });
    expect(runs).toBe(0);
  });
  test("also those on a union, a lazy type and an optional one", () => {
    const even = (value: unknown) => Number(value) % 2 === 0;
    const schema = z.object({
      union: z.union([z.int(), z.boolean()]).refine(even, "odd"),
      lazy: z.lazy(() => z.int()).refine(even, "odd"),
      optional: z.int().refine(even, "odd").nullable().optional(),
    });
    const { failures } = checkObject(compiled(schema), { union: 1, lazy: 1, optional: 1 });
    expect(failures.map(placed)).toEqual(
      ["union", "lazy", "optional"].map((name) => ({ path: [name], reason: "odd" })),
    );
    expect(checkObject(compiled(schema), { union: 2, lazy: 2, optional: null }).failures).toEqual([]);
  });
  test("of every number and text format hold", () => {
    const schema = z.object({
      a: z.int32(),
      b: z.uint32(),
      c: z.number().int(),
      d: z.email(),
      e: z.templateLiteral(["v", z.int()]),
    });
    const { failures } = checkObject(compiled(schema), { a: 2 ** 31, b: -1, c: 0.5, d: "x", e: "w1" });
    expect(failures.map(({ path }) => path[0])).toEqual(["a", "b", "c", "d", "e"]);
  });
  test("on the keys of a map hold, and name the key", () => {
    const schema = z.object({
      byPattern: z.record(z.string().regex(/^[a-z]+$/), z.int()),
      byName: z.partialRecord(z.enum(["linux", "macos"]), z.int()),
    });
    expect(checkObject(compiled(schema), { byPattern: { A: 1 }, byName: { dos: 1 } }).failures.map(placed)).toEqual([
      { path: ["byPattern", "A"], reason: "the key is not allowed: Invalid string: must match pattern /^[a-z]+$/" },
      { path: ["byName", "dos"], reason: "unknown key" },
    ]);
    expect(checkObject(compiled(schema), { byPattern: { a: 1 }, byName: { linux: 1 } }).failures).toEqual([]);
  });
});

describe("secrets", () => {
  const schema = z.object({
    plain: z.string().optional(),
    list: z.array(z.object({ open: z.string(), hidden: z.string().meta({ secret: true }) })).optional(),
    auth: auth.optional(),
    either: z.union([z.string().meta({ secret: true }), z.int()]).optional(),
  });
  test("that are declared are marked, where they are and nowhere else", () => {
    expect(
      checkedValue(schema, {
        list: [{ open: "a", hidden: "b" }],
        auth: { method: "password", username: "u", password: "p" },
      }),
    ).toEqual(
      new Map<string, unknown>([
        [
          "list",
          [
            new Map<string, unknown>([
              ["open", "a"],
              ["hidden", ["secret", "b"]],
            ]),
          ],
        ],
        [
          "auth",
          new Map<string, unknown>([
            ["method", "password"],
            ["username", "u"],
            ["password", ["secret", "p"]],
          ]),
        ],
      ]),
    );
  });
  test("that the user marked keep their exact path", () => {
    const marked = { plain: new Secret("x"), list: new Secret([{ open: new Secret("a"), hidden: "b" }]) };
    expect(checkedValue(schema, marked)).toEqual(
      new Map<string, unknown>([
        ["plain", ["secret", "x"]],
        [
          "list",
          [
            "secret",
            [
              new Map<string, unknown>([
                ["open", ["secret", "a"]],
                ["hidden", ["secret", "b"]],
              ]),
            ],
          ],
        ],
      ]),
    );
  });
  test("are marked once, however often they are wrapped", () => {
    const twice = new Secret(new OutputValue({ value: new Secret("x"), secret: true }));
    expect(checkedValue(schema, { plain: twice, either: twice })).toEqual(
      new Map<string, unknown>([
        ["plain", ["secret", "x"]],
        ["either", ["secret", "x"]],
      ]),
    );
  });
  test("of one option of a union are marked when it is this option", () => {
    expect(checkedValue(schema, { either: "x" })).toEqual(new Map([["either", ["secret", "x"]]]));
    expect(checkedValue(schema, { either: 5 })).toEqual(new Map([["either", 5]]));
  });
  test("of every option are marked while the discriminator is not known", () => {
    expect(checkedValue(schema, { auth: { method: unknown, username: "u", password: "p", key: "k" } })).toEqual(
      new Map<string, unknown>([
        [
          "auth",
          new Map<string, unknown>([
            ["method", ["unknown", "string"]],
            ["username", "u"],
            ["password", ["secret", "p"]],
            ["key", ["secret", "k"]],
          ]),
        ],
      ]),
    );
  });
});

describe("what was left out", () => {
  const nested = z.object({
    port: z.int().default(22),
    deep: z.object({ on: z.boolean().default(true) }).prefault({}),
  });
  test("gets its default, also deep inside defaults", () => {
    const schema = z.object({ ssh: nested.prefault({}), maybe: nested.optional(), list: z.array(nested) });
    const filled = new Map<string, unknown>([
      ["port", 22],
      ["deep", new Map([["on", true]])],
    ]);
    expect(checkedValue(schema, { list: [{}] })).toEqual(
      new Map<string, unknown>([
        ["ssh", filled],
        ["list", [filled]],
      ]),
    );
  });
  test("may be given as null, also as a secret null", () => {
    const schema = z.object({ a: z.string().optional(), b: z.int().default(5), c: z.string().nullable().default("x") });
    expect(checkedValue(schema, { a: null, b: new Secret(null), c: null })).toEqual(
      new Map<string, unknown>([
        ["b", 5],
        ["c", null],
      ]),
    );
    expect(faults({ name: null })).toEqual(["name: missing required property; expected a string"]);
  });
  test("is not what is empty", () => {
    const schema = z.object({
      list: z.array(z.string()).default(["a"]),
      text: z.string().default("x"),
      off: z.boolean().default(true),
    });
    expect(checkedValue(schema, { list: [], text: "", off: false })).toEqual(
      new Map<string, unknown>([
        ["list", []],
        ["text", ""],
        ["off", false],
      ]),
    );
  });
  test("is null where null is a value, only if it was given", () => {
    const schema = z.object({
      note: z.string().nullable().optional(),
      any: z.any().optional(),
      union: z.union([z.string().nullable(), z.int()]).optional(),
    });
    expect(checkedValue(schema, { note: null, any: null, union: null })).toEqual(
      new Map([
        ["note", null],
        ["any", null],
        ["union", null],
      ]),
    );
    expect(checkedValue(schema, {})).toEqual(new Map());
  });
  test("stays out of what handlers return", () => {
    const shape = compiled(z.object({ a: z.string(), b: z.int().default(5) }));
    expect(checkObject(shape, {}, { outputs: true })).toMatchObject({ value: {}, failures: [{ path: ["a"] }] });
  });
});

describe("a default from the environment", () => {
  const environment = (name: string) => ({ environment: [`KACE_${name}`, name] });
  const schema = z.object({
    text: z.string().optional().meta(environment("TEXT")),
    whole: z.int().default(1).meta(environment("WHOLE")),
    flag: z.boolean().optional().meta(environment("FLAG")),
    list: z.array(z.int()).optional().meta(environment("LIST")),
    share: numberOrPercent().optional().meta(environment("SHARE")),
    level: z.literal([1, 2]).optional().meta(environment("LEVEL")),
    secret: z
      .string()
      .optional()
      .meta({ ...environment("SECRET"), secret: true }),
  });
  const checkIn = (variables: Record<string, string>, value: ValueMap = {}) =>
    checkObject(compiled(schema), value, { environment: variables });

  test("has the type of its property", () => {
    const variables = { TEXT: "5", WHOLE: "5", FLAG: "true", LIST: "[1,2]", SHARE: "10%", LEVEL: "2", SECRET: "s" };
    const { value, failures } = checkIn(variables);
    expect(failures).toEqual([]);
    expect(comparable(value)).toEqual(
      new Map<string, unknown>([
        ["text", "5"],
        ["whole", 5],
        ["flag", true],
        ["list", [1, 2]],
        ["share", "10%"],
        ["level", 2],
        ["secret", ["secret", "s"]],
      ]),
    );
  });
  test("is taken from the first variable that is set and not empty", () => {
    expect(checkIn({ KACE_TEXT: "first", TEXT: "second" }).value).toMatchObject({ text: "first" });
    expect(checkIn({ KACE_TEXT: "", TEXT: "second" }).value).toMatchObject({ text: "second" });
    expect(checkIn({ KACE_TEXT: "", WHOLE: "" }).value).toEqual({ whole: 1 });
  });
  test("comes after what the program says", () => {
    expect(checkIn({ TEXT: "variable" }, { text: "program" }).value).toMatchObject({ text: "program" });
    expect(checkIn({ TEXT: "variable" }, { text: unknown }).value).toMatchObject({ text: unknown });
  });
  test.each([
    [{ WHOLE: "many" }, "expected a whole number, got a string (from the environment variable WHOLE)"],
    [{ LIST: "1,2" }, "expected a list, got a string (from the environment variable LIST, which holds JSON)"],
    [{ LIST: '["a"]' }, "expected a whole number, got a string (from the environment variable LIST, which holds JSON)"],
    [{ FLAG: "yes" }, "expected true or false, got a string (from the environment variable FLAG)"],
  ])("that is wrong names the variable: %j", (variables, reason) => {
    expect(checkIn(variables).failures.map((failure) => failure.reason)).toEqual([reason]);
  });
});

describe("configuration comes as text", () => {
  const schema = z.object({
    text: z.string().optional(),
    flag: z.boolean().optional(),
    whole: z.int().optional(),
    list: z.array(z.object({ name: z.string() })).optional(),
    map: z.record(z.string(), z.string()).optional(),
    share: numberOrPercent(1).optional(),
    mode: z.enum(["1", "auto", "true"]).optional(),
    level: z.literal([1, 2]).optional(),
    note: z.int().nullable().optional(),
    file: z.union([z.string(), z.object({ path: z.string() })]).optional(),
  });
  const read = (value: ValueMap) => checkObject(compiled(schema), value, { jsonText: true });
  test.each<[ValueMap, ValueMap]>([
    [{ text: "5" }, { text: "5" }],
    [{ text: '{"a":1}' }, { text: '{"a":1}' }],
    [{ text: '"quoted"' }, { text: '"quoted"' }],
    [{ flag: "true" }, { flag: true }],
    [{ flag: false }, { flag: false }],
    [{ whole: "5" }, { whole: 5 }],
    [{ whole: "-5" }, { whole: -5 }],
    [{ list: '[{"name":"a"}]' }, { list: [{ name: "a" }] }],
    [{ list: [{ name: "5" }] }, { list: [{ name: "5" }] }],
    [{ map: '{"a":"5"}' }, { map: { a: "5" } }],
    [{ share: "10%" }, { share: "10%" }],
    [{ share: "5" }, { share: 5 }],
    [{ mode: "1" }, { mode: "1" }],
    [{ mode: "true" }, { mode: "true" }],
    [{ level: "2" }, { level: 2 }],
    [{ note: "null" }, { note: null }],
    [{ file: "a.txt" }, { file: "a.txt" }],
    [{ file: '{"path":"a.txt"}' }, { file: { path: "a.txt" } }],
  ])("%j is %j", (given, expected) => {
    const checked = read(given);
    expect(checked.failures).toEqual([]);
    expect(checked.value).toEqual(expected);
    expect(read(checked.value).value).toEqual(expected);
  });
  test.each<[ValueMap, string, string]>([
    [{ whole: "many" }, "whole", "expected a whole number, got a string"],
    [{ whole: "1e999" }, "whole", "expected a whole number, got a number that is not finite"],
    [{ whole: '"5"' }, "whole", "expected a whole number, got a string"],
    [{ flag: "1" }, "flag", "expected true or false, got a string"],
    [{ list: "a,b" }, "list", "expected a list, got a string that is no JSON of it"],
    [{ list: '{"name":"a"}' }, "list", "expected a list, got a string that is no JSON of it"],
    [{ list: '[{"name":5}]' }, "list[0].name", "expected a string, got a whole number"],
    [{ list: ["5"] }, "list[0]", "expected an object, got a string"],
    [{ share: "-5" }, "share", "expected at least 1"],
    [{ mode: "atuo" }, "mode", '"atuo" is not allowed; expected one of "1", "auto" or "true"; did you mean "auto"?'],
  ])("%j is wrong", (given, path, reason) => {
    expect(read(given).failures.map((failure) => [formatPath(failure.path), failure.reason])).toEqual([[path, reason]]);
  });
  test("also where it is secret", () => {
    expect(comparable(read({ whole: new Secret("5") }).value)).toEqual(new Map([["whole", ["secret", 5]]]));
  });
  test("and elsewhere a text is just that", () => expect(faults({ enabled: "true" })).toHaveLength(1));
});

describe("older names", () => {
  const shape = compiled(
    z.object({
      address: z
        .string()
        .optional()
        .meta({ aliases: ["host", "hostname"] }),
      nested: z.object({ port: z.int().meta({ aliases: ["sshPort"] }) }).optional(),
      old: z.string().optional().meta({ deprecation: "use `address`" }),
    }),
  );
  test("move to the present one, with a warning", () => {
    const checked = checkObject(shape, { host: new Secret("a"), nested: { sshPort: 22 } });
    expect(checked.failures).toEqual([]);
    expect(comparable(checked.value)).toEqual(comparable({ address: new Secret("a"), nested: { port: 22 } }));
    expect(checked.warnings.map(placed)).toEqual([
      { path: ["host"], reason: 'deprecated: it is called "address" now' },
      { path: ["nested", "sshPort"], reason: 'deprecated: it is called "port" now' },
    ]);
  });
  test.each<[ValueMap, string]>([
    [{ host: "a", address: "b" }, "host"],
    [{ address: "b", host: "a" }, "host"],
    [{ host: "a", hostname: "b" }, "hostname"],
  ])("exclude each other: %j", (value, path) => {
    expect(checkObject(shape, value).failures.map(placed)).toEqual([
      { path: [path], reason: 'is an older name of "address", which is given too; keep one' },
    ]);
  });
  test("and deprecated properties are no news in what handlers return", () => {
    expect(checkObject(shape, { old: "x", host: "y" }, { outputs: true }).warnings).toEqual([]);
    expect(checkObject(shape, { old: "x" }).warnings.map(placed)).toEqual([
      { path: ["old"], reason: "deprecated: use `address`" },
    ]);
    expect(checkObject(shape, {}).warnings).toEqual([]);
  });
});

describe("an automatic name", () => {
  const shape = compiled(
    z.object({
      name: z
        .string()
        .max(5)
        .optional()
        .meta({ autoname: { randomLength: 3 } }),
    }),
  );
  test("is made where none was given", () => {
    const autoname: CheckOptions["autoname"] = (property, rule) => ({ name: `${property}${rule.randomLength}` });
    expect(checkObject(shape, {}, { autoname })).toMatchObject({ value: { name: "name3" }, failures: [] });
    expect(checkObject(shape, { name: "mine" }, { autoname }).value).toEqual({ name: "mine" });
  });
  test("that cannot be made, or breaks the rules, says why", () => {
    expect(checkObject(shape, {}, { autoname: () => ({ reason: "names are off" }) }).failures.map(placed)).toEqual([
      { path: ["name"], reason: "names are off" },
    ]);
    expect(checkObject(shape, {}, { autoname: () => ({ name: "too-long" }) }).failures.map(placed)).toEqual([
      { path: ["name"], reason: "expected at most 5 characters (the automatic name)" },
    ]);
  });
});

describe("keys with a meaning in JavaScript", () => {
  test("are keys of a map like any other", () => {
    const hostile: unknown = JSON.parse('{"__proto__": "a", "constructor": "b"}');
    const shape = compiled(z.object({ map: z.record(z.string(), z.string()) }));
    const { value, failures } = checkObject(shape, { map: hostile as ValueMap });
    expect(failures).toEqual([]);
    expect(isValueMap(value.map) && Object.keys(value.map)).toEqual(["__proto__", "constructor"]);
  });
  test("are no properties that everything has", () => {
    const shape = compiled(z.object({ constructor: z.string().optional(), toString: z.string() }));
    expect(checkObject(shape, {})).toMatchObject({ failures: [{ path: ["toString"] }] });
  });
  test("are no names of options or values", () => {
    expect(faults({ auth: { method: "constructor" } })).toHaveLength(1);
    expect(faults({ auth: { method: "__proto__" } })).toHaveLength(1);
  });
});

test("a type that contains itself is checked as deep as its value goes", () => {
  interface Tree {
    name: string;
    children?: Tree[] | undefined;
  }
  const tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(tree).optional() }));
  const shape = compiled(z.object({ root: tree }));
  const value = { root: { name: "a", children: [{ name: "b", children: [{ nmae: "c" }] }] } };
  expect(checkObject(shape, value).failures.map(placed)).toEqual([
    { path: ["root", "children", 0, "children", 0, "nmae"], reason: 'unknown property; did you mean "name"?' },
    { path: ["root", "children", 0, "children", 0, "name"], reason: "missing required property; expected a string" },
  ]);
});

test("resources and outputs come through, outputs without their origin", () => {
  const owner = new ResourceReference({ urn: "urn:a", id: "1" });
  const file = new Asset({ kind: "path", path: "a" }, "aa");
  const value = { name: new OutputValue({ value: "n", dependencies: ["urn:b"] }), owner, file };
  expect(checkObject(fleet, value)).toEqual({ value: { name: "n", owner, file }, failures: [], warnings: [] });
});

describe("checking what was checked", () => {
  const twice = (schema: z.ZodObject, value: ValueMap, options?: CheckOptions) => {
    const shape = compiled(schema);
    const once = checkObject(shape, value, options);
    const again = checkObject(shape, once.value, options);
    return { once, again };
  };
  const sample = (wrapping: { secrets: boolean; unknowns: boolean }) =>
    schemaAndValues(wrapping).chain(({ schema, values }) => values.map((value) => ({ schema, value })));

  test("changes nothing and finds nothing, for every value that fits, with secrets and unknowns anywhere", () => {
    fc.assert(
      fc.property(sample({ secrets: true, unknowns: true }), ({ schema, value }) => {
        const { once, again } = twice(schema, value);
        expect(once.failures).toEqual([]);
        expect(again.failures).toEqual([]);
        expect(comparable(again.value)).toEqual(comparable(once.value));
      }),
      { numRuns: 300 },
    );
  });
  test("changes nothing, and never throws, for every value that does not fit", () => {
    const misfit = fc.tuple(
      schemaAndValues({ secrets: true, unknowns: true }),
      fc.dictionary(fc.constantFrom("a", "b", "c", "kind"), anyValue),
    );
    fc.assert(
      fc.property(misfit, fc.boolean(), ([{ schema }, value], jsonText) => {
        const { once, again } = twice(schema, value, { jsonText });
        expect(comparable(again.value)).toEqual(comparable(once.value));
      }),
      { numRuns: 300 },
    );
  });
});

test("a failure says what kind of problem it is, so that nobody has to read its words", () => {
  const shape = compiled(
    z.object({
      a: z.string(),
      password: z.string().meta({ credential: true }),
      n: z.int(),
      size: z.enum(["s", "m"]),
      auth: auth,
    }),
  );
  const problems = checkObject(shape, { n: "1", size: "l", extra: 1, auth: { method: "none" } }).failures.map(
    ({ path, problem }) => [formatPath(path), problem],
  );
  expect(new Map(problems as [string, string][])).toEqual(
    new Map([
      ["extra", "unknown"],
      ["a", "missing"],
      ["password", "missing-credential"],
      ["n", "kind"],
      ["size", "value"],
      ["auth.method", "kind"],
    ]),
  );
});
