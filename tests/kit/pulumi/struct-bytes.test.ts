import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { expect, test } from "vitest";
import { StructBytes } from "../../../provider/kit/pulumi/struct-bytes.ts";

type Json = Parameters<typeof structPb.Struct.fromJavaScript>[0];

const CASES: readonly { readonly what: string; readonly fields: Json }[] = [
  { what: "nothing", fields: {} },
  { what: "every kind", fields: { n: null, d: -1.5, t: "text", yes: true, no: false, o: { a: 1 }, l: [1, "x", null] } },
  { what: "what is empty", fields: { "": "", o: {}, l: [], nested: [[], {}, [[]]] } },
  { what: "text of many bytes", fields: { "größe 😀": "日本語 😀" } },
  {
    what: "lengths of one byte, two and three",
    fields: { a: "x".repeat(127), b: "x".repeat(128), c: "x".repeat(20_000) },
  },
  {
    what: "more than it begins with",
    fields: Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`k${i}`, { i }])),
  },
];

test.each(CASES)("writes what the library reads: $what", ({ fields }) => {
  const bytes = new StructBytes(eachField).struct(structPb.Struct.fromJavaScript(fields)).take();
  const read = structPb.Struct.deserializeBinary(bytes).toJavaScript();
  expect(read).toEqual(fields);
});

test("writes the bytes that the format says", () => {
  const struct = structPb.Struct.fromJavaScript({ a: true, b: ["x"] });
  const bytes = new StructBytes(eachField).struct(struct).take();
  expect(Buffer.from(bytes).toString("hex")).toBe("0a070a0161120220010a0c0a0162120732050a031a0178");
});

test("writes a half of a character as the mark for what is none: the engine refuses other bytes", () => {
  const bytes = new StructBytes(eachField).struct(structPb.Struct.fromJavaScript({ a: "x\ud800y" })).take();
  expect(structPb.Struct.deserializeBinary(bytes).toJavaScript()).toEqual({ a: "x\ufffdy" });
});

function eachField(struct: structPb.Struct, visit: (name: string, value: structPb.Value) => void): void {
  struct.getFieldsMap().forEach((value, name) => {
    visit(name, value);
  });
}
