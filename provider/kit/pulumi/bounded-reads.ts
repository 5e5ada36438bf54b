import jspb from "google-protobuf";

/**
 * `google-protobuf` believes what a message says of the length of a text or of a message in it: one damaged byte makes
 * it read a hundred million bytes that are not there, which stops the process for seconds. Loading this module makes
 * its reader look first.
 */
const reader = jspb.BinaryReader.prototype;
const { readString, readMessage } = reader;

reader.readString = function (this: jspb.BinaryReader) {
  demandInside(this);
  return readString.call(this);
};

reader.readMessage = function (this: jspb.BinaryReader, ...given: Parameters<typeof readMessage>) {
  demandInside(this);
  readMessage.apply(this, given);
};

/** @throws RangeError if what comes next in the reader does not end before its buffer does */
function demandInside(bytes: jspb.BinaryReader): void {
  const buffer = bytes.getBuffer();
  const { value: length, end } = varintAt(buffer, bytes.getCursor());
  if (end + length > buffer.length) throw new RangeError("a part of the message is longer than the message");
}

/** A whole number in the base-128 form of protobuf, and where it ends. */
function varintAt(buffer: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  let place = start;
  for (let weight = 1; ; weight *= 128) {
    const byte = buffer[place] ?? 0;
    place += 1;
    value += (byte & 127) * weight;
    if (byte < 128) return { value, end: place };
  }
}
