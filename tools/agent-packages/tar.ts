/** An entry of a tar archive; a folder's path ends with a slash and its content is empty. */
export type TarEntry = { readonly path: string; readonly mode: number; readonly content: Uint8Array };

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;

/**
 * A tar archive in the ustar format (POSIX.1-1988), everything owned by root and of one time, in the order given: the
 * same entries make the same bytes anywhere, which not every system's `tar` can be told.
 *
 * @throws RangeError for a path of more than 100 bytes, which this short form cannot hold
 */
export function tarArchive(entries: readonly TarEntry[], modifiedAt: Date): Buffer {
  const blocks: Uint8Array[] = [];
  for (const entry of entries) {
    blocks.push(header(entry, modifiedAt), entry.content);
    const rest = entry.content.length % BLOCK_BYTES;
    if (rest > 0) blocks.push(Buffer.alloc(BLOCK_BYTES - rest));
  }
  blocks.push(Buffer.alloc(2 * BLOCK_BYTES));
  return Buffer.concat(blocks);
}

function header(entry: TarEntry, modifiedAt: Date): Buffer {
  if (Buffer.byteLength(entry.path) > NAME_BYTES) throw new RangeError(`the path ${entry.path} is too long for tar`);
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, length: number, offset: number): void => {
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset, "latin1");
  };
  block.write(entry.path, 0);
  octal(entry.mode, 8, 100);
  octal(0, 8, 108);
  octal(0, 8, 116);
  octal(entry.content.length, 12, 124);
  octal(Math.floor(modifiedAt.getTime() / 1_000), 12, 136);
  block.write(" ".repeat(8), 148, "latin1");
  block.write(entry.path.endsWith("/") ? "5" : "0", 156, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  block.write("root", 265, "latin1");
  block.write("root", 297, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
