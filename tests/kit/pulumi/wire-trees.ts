import fc from "fast-check";
import type { AssetSource, UnknownKind, Value } from "../../../provider/kit/define/value.ts";
import {
  Archive,
  Asset,
  isValueMap,
  OutputValue,
  ResourceReference,
  Secret,
  setKey,
  Unknown,
} from "../../../provider/kit/define/value.ts";
import { ListValue, Struct, WireValue } from "../../../provider/kit/pulumi/proto.ts";
import { setField } from "../../../provider/kit/pulumi/struct-fields.ts";

/** JSON in, wire out; unlike `Struct.fromJavaScript` it keeps every key. */
export function wireOf(json: unknown): WireValue {
  if (json === null) return new WireValue().setNullValue(0);
  if (typeof json === "string") return new WireValue().setStringValue(json);
  if (typeof json === "number") return new WireValue().setNumberValue(json);
  if (typeof json === "boolean") return new WireValue().setBoolValue(json);
  if (Array.isArray(json)) return new WireValue().setListValue(new ListValue().setValuesList(json.map(wireOf)));
  return new WireValue().setStructValue(structOf(json as Record<string, unknown>));
}

export function structOf(json: Readonly<Record<string, unknown>>): Struct {
  const struct = new Struct();
  for (const [key, item] of Object.entries(json)) setField(struct, key, wireOf(item));
  return struct;
}

/** The bytes of a message: equal bytes are equal messages, as fields are written in order. */
export function bytesOf(message: Struct | WireValue): string {
  return Buffer.from(message.serializeBinary()).toString("base64");
}

/** A value as plain data that Vitest can compare; secrets would hide what they hold. */
export function plainData(value: Value | undefined): unknown {
  if (value === undefined) return "(absent)";
  if (value instanceof Secret) return ["secret", plainData(value.reveal())];
  if (value instanceof Unknown) return ["unknown", value.kind];
  if (value instanceof OutputValue) return ["output", plainData(value.value), value.secret, value.dependencies];
  if (value instanceof ResourceReference) {
    return ["resource", value.urn, plainData(value.id), value.packageVersion, value.type, value.name];
  }
  if (value instanceof Asset) return ["asset", value.hash, value.source];
  if (value instanceof Archive) {
    const members = value.source.kind === "assets" ? entriesOf(value.source.assets) : value.source;
    return ["archive", value.hash, value.source.kind, members];
  }
  if (Array.isArray(value)) return ["list", ...value.map(plainData)];
  return isValueMap(value) ? ["map", ...entriesOf(value)] : value;
}

function entriesOf(map: Readonly<Record<string, Value>>): unknown[] {
  return Object.entries(map)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, item]) => [key, plainData(item)]);
}

const keys = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "toString",
    "",
    "a.b",
    "value",
    "key",
    "$x",
    "ключ",
    "😀",
  ),
  fc.string({ unit: "grapheme", maxLength: 5 }),
);

const hashes = fc.constantFrom("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "ab".repeat(32));
const places = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 });
const urns = fc.constantFrom("urn:pulumi:dev::shop::a:b:C::x", "urn:pulumi:dev::shop::a:b:D::ü");
const kinds = fc.constantFrom<UnknownKind[]>("boolean", "number", "string", "array", "asset", "archive", "object");

const located: fc.Arbitrary<AssetSource> = fc.oneof(
  fc.record({ kind: fc.constant("path" as const), path: places }),
  fc.record({ kind: fc.constant("uri" as const), uri: places }),
);

// An elided asset with the hash of the empty text is the empty text, so it is not generated.
const assets = fc.oneof(
  fc
    .tuple(
      fc.oneof(located, fc.record({ kind: fc.constant("text" as const), text: fc.string({ unit: "grapheme" }) })),
      hashes,
    )
    .map(([source, hash]) => new Asset(source, hash)),
  fc.constantFrom(new Asset({ kind: "elided" }), new Asset({ kind: "elided" }, "cd".repeat(32))),
);

function mapOf<T>(values: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> {
  return fc.array(fc.tuple(keys, values), { maxLength: 4 }).map((entries) => {
    const map: Record<string, T> = {};
    for (const [key, value] of entries) setKey(map, key, value);
    return map;
  });
}

const { archive: archives } = fc.letrec<{ archive: Archive; member: Asset | Archive }>((tie) => ({
  archive: fc
    .tuple(
      fc.oneof(
        { maxDepth: 2 },
        fc.record({ kind: fc.constant("path" as const), path: places }),
        fc.record({ kind: fc.constant("uri" as const), uri: places }),
        fc.constant({ kind: "elided" as const }),
        mapOf(tie("member")).map((members) => ({ kind: "assets" as const, assets: members })),
      ),
      hashes,
    )
    .map(([source, hash]) => new Archive(source, hash)),
  member: fc.oneof({ maxDepth: 2 }, assets, tie("archive")),
}));

const references = fc
  .record({
    urn: urns,
    id: fc.oneof(
      fc.constant(undefined),
      fc.constant(new Unknown()),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 5 }),
    ),
    packageVersion: fc.constantFrom("", "1.2.3"),
    type: fc.constantFrom("", "a:b:C"),
    name: fc.constantFrom("", "x"),
  })
  .map((content) => new ResourceReference(content));

/** Any value that the kit can hold. */
export const { value: values } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: "grapheme" }),
      kinds.map((kind) => new Unknown(kind)),
      assets,
      archives,
      references,
    ),
    fc.array(tie("value"), { maxLength: 4 }),
    mapOf(tie("value")),
    tie("value").map((value) => new Secret(value)),
    fc
      .tuple(fc.option(tie("value"), { nil: undefined }), fc.boolean(), fc.array(urns, { maxLength: 2 }))
      .map(([value, secret, dependencies]) => new OutputValue({ value, secret, dependencies })),
  ),
}));

export const maps = mapOf(values);

const SIGNATURE = "4dabf18193072939515e22adb298388d";

function special(signature: string, fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const present = Object.entries(fields).filter(([, field]) => field !== undefined);
  return Object.fromEntries([[SIGNATURE, signature], ...present]);
}

const optionalText = (text: fc.Arbitrary<string>) => fc.option(text, { nil: undefined });
const realHashes = optionalText(fc.constant("ab".repeat(32)));
const wireAssets = fc
  .oneof(
    fc.tuple(realHashes, fc.constantFrom("text", "path", "uri"), places),
    fc.tuple(realHashes, fc.constant("none"), fc.constant("")),
  )
  .map(([hash, source, content]) =>
    special("c44067f5952c0a294b673a41bacd8c17", { hash, ...(source === "none" ? {} : { [source]: content }) }),
  );

const { archive: wireArchives } = fc.letrec<{ archive: unknown; member: unknown }>((tie) => ({
  archive: fc
    .tuple(
      realHashes,
      fc.oneof(
        { maxDepth: 2 },
        fc.record({ path: places }),
        fc.record({ uri: places }),
        fc.constant({}),
        mapOf(tie("member")).map((members) => ({ assets: members })),
      ),
    )
    .map(([hash, source]) => special("0def7320c3a5731c473e5ecbe6d01bc7", { hash, ...source })),
  member: fc.oneof({ maxDepth: 2 }, wireAssets, tie("archive")),
}));

/** Any tree of the wire in the form in which the engine writes it, as JSON for {@link wireOf}. */
export const { tree: wireTrees } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: "grapheme" }),
      fc.constantFrom(
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba8",
      ),
      wireAssets,
      wireArchives,
      fc
        .record({
          urn: urns,
          id: optionalText(fc.string({ unit: "grapheme", maxLength: 4 })),
          packageVersion: optionalText(fc.constant("1.0.0")),
          type: optionalText(fc.constant("a:b:C")),
          name: optionalText(fc.constant("x")),
        })
        .map((fields) => special("5cf8f73096256a8f31e491e813e4eb8e", fields)),
    ),
    fc.array(tie("tree"), { maxLength: 4 }),
    mapOf(tie("tree")),
    tie("tree").map((value) => special("1b47061264138c4ac30d75fd1eb44270", { value })),
    fc
      .record({
        value: fc.option(tie("tree"), { nil: undefined }),
        secret: fc.constantFrom(true, undefined),
        dependencies: fc.option(fc.array(urns, { minLength: 1, maxLength: 2 }), { nil: undefined }),
      })
      .map((fields) => special("d0e6a833031e9bbcd3f4e8bde6ca49a4", fields)),
  ),
}));
