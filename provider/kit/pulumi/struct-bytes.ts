import structPb from "google-protobuf/google/protobuf/struct_pb.js";

const { KindCase } = structPb.Value;

/** The tags of protobuf's wire format: the number of a field times eight, and how its content is written. */
const ENTRY = 0x0a;
const ENTRY_NAME = 0x0a;
const ENTRY_VALUE = 0x12;
const LIST_ITEM = 0x0a;
const NULL_VALUE = 0x08;
const NUMBER_VALUE = 0x11;
const STRING_VALUE = 0x1a;
const BOOL_VALUE = 0x20;
const STRUCT_VALUE = 0x2a;
const LIST_VALUE = 0x32;

const FIRST_BYTES = 2 * 1024;

/** Calls `visit` with every field of a Struct, in the order in which they are written. */
export type FieldVisitor = (struct: structPb.Struct, visit: (name: string, value: structPb.Value) => void) => void;

/**
 * Writes a Struct in the wire format of protobuf (https://protobuf.dev/programming-guides/encoding/), its fields in the
 * order they are visited. `google-protobuf` collects every byte as a number of a JavaScript array, which takes many times
 * the memory of a large message; this writes bytes, the last one first, because what is nested is preceded by its length.
 *
 * @example new StructBytes(eachField).struct(struct).take()
 */
export class StructBytes {
  readonly #eachField: FieldVisitor;
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #begin = FIRST_BYTES;

  constructor(eachField: FieldVisitor) {
    this.#eachField = eachField;
  }

  /** Puts the fields of a Struct before what is there. */
  struct(struct: structPb.Struct): this {
    const fields: { readonly name: string; readonly value: structPb.Value }[] = [];
    this.#eachField(struct, (name, value) => fields.push({ name, value }));
    for (const { name, value } of fields.reverse()) {
      const end = this.#length;
      this.#value(value);
      this.#close(ENTRY_VALUE, end);
      this.#text(ENTRY_NAME, name);
      this.#close(ENTRY, end);
    }
    return this;
  }

  /** What was written. */
  take(): Uint8Array {
    return this.#bytes.subarray(this.#begin);
  }

  #value(value: structPb.Value): void {
    const end = this.#length;
    switch (value.getKindCase()) {
      case KindCase.NULL_VALUE:
        this.#byte(value.getNullValue());
        this.#byte(NULL_VALUE);
        break;
      case KindCase.NUMBER_VALUE:
        this.#makeRoom(8);
        this.#begin -= 8;
        this.#bytes.writeDoubleLE(value.getNumberValue(), this.#begin);
        this.#byte(NUMBER_VALUE);
        break;
      case KindCase.STRING_VALUE:
        this.#text(STRING_VALUE, value.getStringValue());
        break;
      case KindCase.BOOL_VALUE:
        this.#byte(value.getBoolValue() ? 1 : 0);
        this.#byte(BOOL_VALUE);
        break;
      case KindCase.STRUCT_VALUE:
        this.struct(value.getStructValue() ?? new structPb.Struct());
        this.#close(STRUCT_VALUE, end);
        break;
      case KindCase.LIST_VALUE:
        for (const item of (value.getListValue()?.getValuesList() ?? []).toReversed()) {
          const itemEnd = this.#length;
          this.#value(item);
          this.#close(LIST_ITEM, itemEnd);
        }
        this.#close(LIST_VALUE, end);
        break;
    }
  }

  get #length(): number {
    return this.#bytes.length - this.#begin;
  }

  /** Puts tag and length before what was written since the length was `end`. */
  #close(tag: number, end: number): void {
    let rest = this.#length - end;
    const septets = [rest & 0x7f];
    for (rest >>>= 7; rest > 0; rest >>>= 7) septets.push(rest & 0x7f);
    for (let index = septets.length - 1; index >= 0; index--) {
      this.#byte((septets[index] ?? 0) | (index < septets.length - 1 ? 0x80 : 0));
    }
    this.#byte(tag);
  }

  #text(tag: number, text: string): void {
    const end = this.#length;
    const length = Buffer.byteLength(text);
    this.#makeRoom(length);
    this.#begin -= length;
    this.#bytes.write(text, this.#begin, length, "utf8");
    this.#close(tag, end);
  }

  #byte(byte: number): void {
    this.#makeRoom(1);
    this.#begin -= 1;
    this.#bytes[this.#begin] = byte;
  }

  #makeRoom(count: number): void {
    if (this.#begin >= count) return;
    const written = this.take();
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, written.length + count));
    larger.set(written, larger.length - written.length);
    this.#begin = larger.length - written.length;
    this.#bytes = larger;
  }
}
