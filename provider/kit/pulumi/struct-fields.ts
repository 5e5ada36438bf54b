import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { StructBytes } from "./struct-bytes.ts";

/**
 * Three things that `google-protobuf` cannot do with a Struct, added to its generated classes when this module loads:
 *
 * - A field named `__proto__`. The library keeps fields in a plain object, where that name is lost in silence; here
 *   such a field is kept beside the others.
 * - A tree without end. The library reads by recursion, so deep nesting overflows the stack, which reaches the user
 *   as an error without words; here what lies deeper than {@link MAX_NESTING} stays unread, and the decoder, which
 *   knows the path, refuses it.
 * - A large message in little memory: see {@link StructBytes}.
 */
const { Struct, Value } = structPb;

/**
 * How deep values may be nested: far more than anyone writes, far less than the library's recursion can bear (about
 * 1,000 levels of objects on Node's default stack, less when many calls lie below).
 */
export const MAX_NESTING = 256;

const PROTO_KEY = "__proto__";
const protoFields = new WeakMap<structPb.Struct, structPb.Value>();

/** Sets one field of a Struct; its name may be any text. */
export function setField(struct: structPb.Struct, name: string, value: structPb.Value): void {
  if (name === PROTO_KEY) protoFields.set(struct, value);
  else struct.getFieldsMap().set(name, value);
}

/** The field of a Struct with this name, which must be one of the wire's own names. */
export function getField(struct: structPb.Struct, name: string): structPb.Value | undefined {
  return struct.getFieldsMap().get(name);
}

/** Calls `visit` with every field of a Struct. */
export function eachField(struct: structPb.Struct, visit: (name: string, value: structPb.Value) => void): void {
  struct.getFieldsMap().forEach((value, name) => {
    visit(name, value);
  });
  const value = protoFields.get(struct);
  if (value !== undefined) visit(PROTO_KEY, value);
}

Struct.deserializeBinaryFromReader = (struct, reader) => {
  while (reader.nextField() && !reader.isEndGroup()) {
    if (reader.getFieldNumber() !== 1) {
      reader.skipField();
      continue;
    }
    let name = "";
    const value = new Value();
    reader.readMessage(value, () => {
      while (reader.nextField() && !reader.isEndGroup()) {
        if (reader.getFieldNumber() === 1) name = reader.readString();
        else if (reader.getFieldNumber() === 2) reader.readMessage(value, Value.deserializeBinaryFromReader);
        else reader.skipField();
      }
    });
    setField(struct, name, value);
  }
  return struct;
};

Struct.serializeBinaryToWriter = (struct, writer) => {
  const bytes = new StructBytes(eachField).struct(struct).take();
  writer.writeSerializedMessage(bytes, 0, bytes.length);
};

// Structs and lists nest through values only, so counting values counts both.
const readValue = Value.deserializeBinaryFromReader;
let nesting = 0;
Value.deserializeBinaryFromReader = (value, reader) => {
  // What is not read here is skipped by the caller, which knows where the value ends.
  if (nesting > MAX_NESTING) return value;
  nesting += 1;
  try {
    return readValue(value, reader);
  } finally {
    nesting -= 1;
  }
};
