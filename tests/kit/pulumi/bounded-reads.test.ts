import { expect, test } from "vitest";
import { providerPb, Struct } from "../../../provider/kit/pulumi/proto.ts";

/** Field 1 (the URN) with a length of 268,435,455 bytes, of which one is there. */
const ENDLESS_TEXT = Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0x7f, 0x41);
/** Field 3 (the new inputs) with such a length. */
const ENDLESS_MESSAGE = Uint8Array.of(0x1a, 0xff, 0xff, 0xff, 0x7f, 0x0a);

test("a text or message that claims to be longer than what was sent is refused without being read", () => {
  expect(() => providerPb.CheckRequest.deserializeBinary(ENDLESS_TEXT)).toThrow(/longer than the message/);
  expect(() => providerPb.CheckRequest.deserializeBinary(ENDLESS_MESSAGE)).toThrow(/longer than the message/);
});

test("the keys of a map are looked at as well", () => {
  const endlessKey = Uint8Array.of(0x0a, 0x07, 0x0a, 0xff, 0xff, 0xff, 0x7f, 0x41, 0x41);
  expect(() => Struct.deserializeBinary(endlessKey)).toThrow(/longer than the message/);
});

test("texts of any length that are all there are read as they are", () => {
  const urn = "ü€𝒳".repeat(20_000);
  const bytes = new providerPb.CheckRequest().setUrn(urn).serializeBinary();
  expect(providerPb.CheckRequest.deserializeBinary(bytes).getUrn()).toBe(urn);
});
