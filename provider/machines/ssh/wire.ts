/** Bytes with their length in front, as RFC 4251 writes a string. */
export function field(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Reads such a string at a place: its bytes (absent if it does not end within `bytes`), and where it ends. */
export function readField(bytes: Buffer, at: number): readonly [field: Buffer | undefined, after: number] {
  if (at + 4 > bytes.length) return [undefined, bytes.length];
  const end = at + 4 + bytes.readUInt32BE(at);
  return end > bytes.length ? [undefined, bytes.length] : [bytes.subarray(at + 4, end), end];
}

/** A number as RFC 4251 writes it: shortest, and with a zero in front where its first bit is set. */
export function positive(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const shortest = bytes.subarray(start);
  return ((shortest[0] ?? 0) & 0x80) === 0 ? shortest : Buffer.concat([Buffer.from([0]), shortest]);
}
