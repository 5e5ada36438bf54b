import { readFileSync } from "node:fs";
import fc from "fast-check";
import jspb from "google-protobuf";
import { describe, expect, it } from "vitest";
import { ProviderError } from "../../../provider/kit/define/errors.ts";
import { formatPath } from "../../../provider/kit/define/path.ts";
import type { Value } from "../../../provider/kit/define/value.ts";
import {
  Archive,
  Asset,
  OutputValue,
  ResourceReference,
  Secret,
  Unknown,
  unknown,
} from "../../../provider/kit/define/value.ts";
import { Struct } from "../../../provider/kit/pulumi/proto.ts";
import { decodeMap, decodeValue, encodeMap, encodeValue } from "../../../provider/kit/pulumi/wire-values.ts";
import { bytesOf, maps, plainData, structOf, values, wireOf, wireTrees } from "./wire-trees.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";
const URN = "urn:pulumi:dev::shop::a:b:C::x";
const HELLO_HASH = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** What `plugin.MarshalProperties` of pulumi/pulumi v3.259.0 wrote, see `testdata/README.md`. */
const engineStructs = new Map<string, string>(
  (
    JSON.parse(readFileSync(new URL("testdata/engine-values.json", import.meta.url), "utf8")) as {
      name: string;
      struct: string;
    }[]
  ).map(({ name, struct }) => [name, struct]),
);

function engineStruct(name: string): Struct {
  return Struct.deserializeBinary(Buffer.from(engineStructs.get(name) ?? expect.fail(`no struct "${name}"`), "base64"));
}

function errorOf(action: () => unknown): ProviderError {
  try {
    action();
  } catch (error) {
    if (error instanceof ProviderError) return error;
    throw error;
  }
  return expect.fail("nothing was thrown");
}

describe("what the engine wrote", () => {
  it("is read: plain values, secrets, unknowns, outputs and references to resources", () => {
    const decoded = decodeMap(engineStruct("everything"));
    expect(Object.fromEntries(Object.entries(decoded).map(([key, value]) => [key, plainData(value)]))).toEqual({
      plain: ["map", ["", 1.5], ["__proto__", "odd"], ["a.b", ["list", true, null]], ["constructor", "c"]],
      secret: ["secret", ["map", ["inner", "s3cret"]]],
      unknownBool: ["unknown", "boolean"],
      unknownNumber: ["unknown", "number"],
      unknownString: ["unknown", "string"],
      unknownArray: ["unknown", "array"],
      unknownAsset: ["unknown", "asset"],
      unknownArchive: ["unknown", "archive"],
      unknownObject: ["unknown", "object"],
      output: ["output", "v", true, [URN]],
      outputPlain: ["output", "v", false, []],
      outputUnknown: ["output", "(absent)", true, []],
      component: ["resource", URN, "(absent)", "1.2.3", "a:b:C", "x"],
      custom: ["resource", URN, "id-1", "", "", ""],
      customUnknown: ["resource", URN, ["unknown", "string"], "", "", ""],
    });
  });

  it("is read: assets and archives with their contents", () => {
    const decoded = decodeMap(engineStruct("assets"));
    expect(Object.fromEntries(Object.entries(decoded).map(([key, value]) => [key, plainData(value)]))).toEqual({
      text: ["asset", HELLO_HASH, { kind: "text", text: "hello" }],
      empty: ["asset", EMPTY_HASH, { kind: "text", text: "" }],
      path: ["asset", HELLO_HASH, { kind: "path", path: "hello.txt" }],
      uri: ["asset", HELLO_HASH, { kind: "uri", uri: "https://example.com/a.bin" }],
      archive: [
        "archive",
        EMPTY_HASH,
        "assets",
        [
          ["a.txt", ["asset", HELLO_HASH, { kind: "text", text: "hello" }]],
          ["nested", ["archive", HELLO_HASH, "path", { kind: "path", path: "folder" }]],
        ],
      ],
      emptyArchive: ["archive", expect.any(String), "assets", []],
    });
  });

  it("is read: assets and archives of which only the hash was sent", () => {
    const { text, archive } = decodeMap(engineStruct("assets, elided"));
    expect(plainData(text)).toEqual(["asset", HELLO_HASH, { kind: "elided" }]);
    expect(plainData(archive)).toEqual(["archive", EMPTY_HASH, "elided", { kind: "elided" }]);
  });

  it.each([...engineStructs.keys()])("goes back as it came: %s", (name) => {
    const struct = engineStruct(name);
    expect(bytesOf(encodeMap(decodeMap(struct)))).toBe(bytesOf(struct));
  });

  it("is written as the engine writes it for a receiver that takes no special values", () => {
    const options = { acceptSecrets: false, acceptResources: false, acceptOutputs: false };
    const encoded = encodeMap(decodeMap(engineStruct("everything")), options);
    expect(bytesOf(encoded)).toBe(bytesOf(engineStruct("everything, plain")));
  });

  it("is written as the engine writes it for a receiver that takes secrets only", () => {
    const encoded = encodeMap(decodeMap(engineStruct("everything")), { acceptResources: false, acceptOutputs: false });
    expect(bytesOf(encoded)).toBe(bytesOf(engineStruct("everything, with secrets only")));
  });
});

describe("the round trip", () => {
  it("changes no tree of the wire", () => {
    fc.assert(
      fc.property(wireTrees, (tree) => {
        const wire = wireOf(tree);
        expect(bytesOf(encodeValue(decodeValue(wire)))).toBe(bytesOf(wire));
      }),
      { numRuns: 1000 },
    );
  });

  it("changes no value, also through bytes", () => {
    fc.assert(
      fc.property(values, (value) => {
        const struct = Struct.deserializeBinary(encodeMap({ value }).serializeBinary());
        expect(plainData(decodeMap(struct).value)).toEqual(plainData(value));
      }),
      { numRuns: 1000 },
    );
  });

  it("changes no map of properties", () => {
    fc.assert(
      fc.property(maps, (map) => {
        const struct = Struct.deserializeBinary(encodeMap(map).serializeBinary());
        expect(plainData(decodeMap(struct))).toEqual(plainData(map));
      }),
    );
  });

  it("keeps a field named __proto__ that another library wrote", () => {
    const writer = new jspb.BinaryWriter();
    writer.writeMessage(1, {}, () => {
      writer.writeString(1, "__proto__");
      writer.writeMessage(2, {}, () => writer.writeString(3, "kept"));
    });
    const bytes = writer.getResultBuffer();
    const decoded = decodeMap(Struct.deserializeBinary(bytes));
    expect(Object.entries(decoded)).toEqual([["__proto__", "kept"]]);
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(bytesOf(encodeMap(decoded))).toBe(Buffer.from(bytes).toString("base64"));
  });

  it("reads absent properties as none", () => {
    expect(decodeMap(undefined)).toEqual({});
  });
});

describe("a handler's values", () => {
  it("may hold the plain unknown, which is the unknown text", () => {
    expect(encodeValue(unknown).getStringValue()).toBe("04da6b54-80e4-46f7-96ec-b56ff0331ba9");
  });

  it("keep a secret a secret where outputs are not accepted", () => {
    const wire = encodeValue(new OutputValue({ value: "v", secret: true }), { acceptOutputs: false });
    expect(plainData(decodeValue(wire))).toEqual(["secret", "v"]);
  });

  it.each<[string, unknown, string]>([
    ["undefined", undefined, "undefined cannot be sent to the engine"],
    ["a function", () => 1, "a function cannot be sent to the engine"],
    ["a bigint", 1n, "a bigint cannot be sent to the engine"],
    ["a symbol", Symbol("x"), "a symbol cannot be sent to the engine"],
    ["a Date", new Date(0), "an object of class Date cannot be sent to the engine"],
    ["a Map", new Map(), "an object of class Map cannot be sent to the engine"],
    ["a Set", new Set(), "an object of class Set cannot be sent to the engine"],
    ["a Buffer", Buffer.from("x"), "an object of class Buffer cannot be sent to the engine"],
    ["an error", new Error("x"), "an object of class Error cannot be sent to the engine"],
    ["a promise", Promise.resolve(1), "an object of class Promise cannot be sent to the engine"],
    ["not a number", Number.NaN, "the number NaN cannot be sent to the engine"],
    ["an endless number", Number.NEGATIVE_INFINITY, "the number -Infinity cannot be sent to the engine"],
    ["half a character", "😀".slice(0, 1), "this text was cut in the middle of a character"],
    ["the unknown text", "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "this text stands for a value that is not known yet"],
    ["an asset at no path", new Asset({ kind: "path", path: "" }), "without a path or URI"],
  ])("must not hold %s", (_name, rubbish, message) => {
    const map: Record<string, Value> = {};
    Object.assign(map, { outer: { list: ["fine", new Secret(rubbish)] } });
    const error = errorOf(() => encodeMap(map));
    expect(error.code).toBe("internal");
    expect(formatPath(error.path ?? [])).toBe("outer.list[1]");
    expect(error.message).toContain(message);
  });

  it("must not hold a list with a hole, nor an archive with text for a member", () => {
    const sparse: Value[] = ["a"];
    sparse[2] = "c";
    expect(errorOf(() => encodeMap({ sparse })).message).toContain("undefined");
    const assets: Record<string, Asset> = {};
    Object.assign(assets, { a: "text" });
    const archive = new Archive({ kind: "assets", assets });
    expect(errorOf(() => encodeMap({ archive })).message).toContain("a string cannot be a member of an archive");
  });

  it("must not use the key by which Pulumi knows special values", () => {
    const error = errorOf(() => encodeMap({ data: { [SIGNATURE]: SECRET, value: "x" } }));
    expect(error.code).toBe("internal");
    expect(error.message).toContain("reserved");
  });

  it("must not nest too deep, nor hold themselves", () => {
    let deep: Value = "end";
    for (let level = 0; level < 100_000; level += 1) deep = level % 2 === 0 ? [deep] : { deep };
    expect(errorOf(() => encodeMap({ deep })).message).toContain("nested deeper than 256 levels");
    const circle: Record<string, Value> = {};
    circle.self = circle;
    expect(errorOf(() => encodeMap(circle)).message).toContain("or hold themselves");
  });
});

describe("a malformed special value", () => {
  it.each<[string, unknown, string]>([
    ["a secret without value", { [SIGNATURE]: SECRET }, "a secret has no value"],
    ["an output with a word for its secretness", { [SIGNATURE]: OUTPUT, secret: "yes" }, '"secret" of an output'],
    ["an output that depends on a number", { [SIGNATURE]: OUTPUT, dependencies: [1] }, '"dependencies" of an output'],
    ["an output that depends on text", { [SIGNATURE]: OUTPUT, dependencies: URN }, '"dependencies" of an output'],
    ["a reference without URN", { [SIGNATURE]: RESOURCE, id: "x" }, "has no URN"],
    ["a reference with a list for its id", { [SIGNATURE]: RESOURCE, urn: URN, id: [] }, '"id" of a reference'],
    ["a reference with a number for its name", { [SIGNATURE]: RESOURCE, urn: URN, name: 1 }, '"name" of a reference'],
    ["an asset of a number", { [SIGNATURE]: ASSET, text: 5 }, '"text" of an asset must be text'],
    ["an asset with an unknown path", { [SIGNATURE]: ASSET, path: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" }, "be known"],
    ["an archive of a list", { [SIGNATURE]: ARCHIVE, assets: [] }, '"assets" of an archive must be an object'],
    ["an archive with a hash of null", { [SIGNATURE]: ARCHIVE, hash: null }, '"hash" of an archive must be text'],
    ["an object with an unknown signature", { [SIGNATURE]: "nobody knows" }, "must be a special value that this"],
    ["an object with a signature that is no text", { [SIGNATURE]: { a: 1 } }, "must be a special value that this"],
    ["a number that is none", Number.NaN, "a number must be finite"],
  ])("is refused with its path: %s", (_name, json, message) => {
    const error = errorOf(() => decodeMap(structOf({ outer: { list: ["hunter22", json] } })));
    expect(error.code).toBe("invalid-input");
    expect(formatPath(error.path ?? [])).toBe("outer.list[1]");
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("hunter22");
  });

  it("is refused inside an archive, and as the properties themselves", () => {
    const archive = { [SIGNATURE]: ARCHIVE, assets: { "a.txt": "just text" } };
    expect(formatPath(errorOf(() => decodeMap(structOf({ archive }))).path ?? [])).toBe('archive["a.txt"]');
    expect(errorOf(() => decodeMap(structOf({ [SIGNATURE]: SECRET, value: 1 }))).code).toBe("invalid-input");
  });

  it("is refused when it is a value without a kind", () => {
    const struct = Struct.deserializeBinary(Uint8Array.of(10, 3, 10, 1, 120));
    expect(errorOf(() => decodeMap(struct)).message).toContain("has no kind");
  });
});

describe("a request nested without end", () => {
  /** Writes the levels from the inside out, as a writer that recurses could not. */
  function nested(levels: number, wrap: (inner: Buffer) => Buffer): Uint8Array {
    let bytes: Buffer = Buffer.from([0x1a, 1, 0x78]);
    const parts: Buffer[] = [bytes];
    let length = bytes.length;
    for (let level = 0; level < levels; level += 1) {
      bytes = wrap(Buffer.alloc(length));
      const head = bytes.subarray(0, bytes.length - length);
      parts.push(Buffer.from(head));
      length += head.length;
    }
    const value = Buffer.concat(parts.reverse());
    return Buffer.concat([field(1, Buffer.concat([field(1, Buffer.from("deep")), field(2, value)]))]);
  }

  function field(number: number, content: Buffer): Buffer {
    return Buffer.concat([Buffer.of((number << 3) | 2), varint(content.length), content]);
  }

  function varint(value: number): Buffer {
    const bytes: number[] = [];
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
    return Buffer.from([...bytes, rest]);
  }

  const inList = (inner: Buffer): Buffer => field(6, field(1, inner));
  const inStruct = (inner: Buffer): Buffer =>
    field(5, field(1, Buffer.concat([field(1, Buffer.from("k")), field(2, inner)])));

  it.each([
    ["lists", inList],
    ["objects", inStruct],
  ])("of %s is read up to a limit and refused with its path", (_name, wrap) => {
    const fine = Struct.deserializeBinary(nested(250, wrap));
    expect(bytesOf(encodeMap(decodeMap(fine)))).toBe(bytesOf(fine));
    const error = errorOf(() => decodeMap(Struct.deserializeBinary(nested(3_000, wrap))));
    expect(error.code).toBe("invalid-input");
    expect(error.message).toBe("values are nested deeper than 256 levels");
    expect(formatPath(error.path ?? [])).toMatch(/^deep/);
  });

  it("of archives is refused in the same words", () => {
    let archive: unknown = { [SIGNATURE]: ASSET, text: "x" };
    for (let level = 0; level < 200; level += 1) archive = { [SIGNATURE]: ARCHIVE, assets: { a: archive } };
    const struct = Struct.deserializeBinary(structOf({ archive }).serializeBinary());
    expect(errorOf(() => decodeMap(struct)).message).toBe("values are nested deeper than 256 levels");
  });

  it("leaves the reader as it was", () => {
    Struct.deserializeBinary(nested(2_000, inList));
    const shallow = structOf({ a: [1] });
    expect(bytesOf(Struct.deserializeBinary(shallow.serializeBinary()))).toBe(bytesOf(shallow));
  });
});

it("an unknown of each kind and a reference keep their form", () => {
  const reference = new ResourceReference({ urn: URN, id: new Unknown(), type: "a:b:C", name: "x" });
  expect(plainData(decodeValue(encodeValue(reference)))).toEqual(plainData(reference));
  expect(encodeValue(reference, { acceptResources: false }).getStringValue()).toBe(
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  );
});
