import type { UnknownKind } from "../define/value.ts";

/**
 * The marks by which Pulumi tells special values from plain ones. They are fixed by the protocol: see
 * `sdk/go/common/resource/sig/sig.go` and `pkg/resource/plugin/rpc.go` of pulumi/pulumi.
 */

/** The key whose presence makes an object a special value; its value says which. */
export const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";

export const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
export const OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
export const RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e";
export const ASSET_SIGNATURE = "c44067f5952c0a294b673a41bacd8c17";
export const ARCHIVE_SIGNATURE = "0def7320c3a5731c473e5ecbe6d01bc7";

/** The texts that stand for values not known yet, by the type the value will have. */
export const UNKNOWN_TEXTS: Readonly<Record<UnknownKind, string>> = {
  boolean: "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  number: "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  string: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  array: "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  asset: "030794c1-ac77-496b-92df-f27374a8bd58",
  archive: "e48ece36-62e2-4504-bad9-02848725956a",
  object: "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
};

const KINDS: ReadonlyMap<string, UnknownKind> = new Map([
  [UNKNOWN_TEXTS.boolean, "boolean"],
  [UNKNOWN_TEXTS.number, "number"],
  [UNKNOWN_TEXTS.string, "string"],
  [UNKNOWN_TEXTS.array, "array"],
  [UNKNOWN_TEXTS.asset, "asset"],
  [UNKNOWN_TEXTS.archive, "archive"],
  [UNKNOWN_TEXTS.object, "object"],
]);

/** What type a text promises, if it is one that stands for a value not known yet. */
export function unknownKindOf(text: string): UnknownKind | undefined {
  // All of them are UUIDs; the length tells nearly every other text apart without a look-up.
  return text.length === 36 ? KINDS.get(text) : undefined;
}

/** The hash that Pulumi gives to an empty text. An asset with it and nothing else is that text, not an elided one. */
export const EMPTY_TEXT_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
