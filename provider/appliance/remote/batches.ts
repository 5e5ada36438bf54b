/**
 * Cuts a list into parts that are small enough to send, in order; an item that is larger than a part has one of its own.
 * An empty list is one empty part, so that it is still checked by who gets it.
 * @example [...batches(["aa", "bb", "c"], 3, (text) => text.length)] // [["aa"], ["bb", "c"]]
 */
export function* batches<T>(items: readonly T[], maxSize: number, sizeOf: (item: T) => number): Generator<T[]> {
  let part: T[] = [];
  let size = 0;
  for (const item of items) {
    const itemSize = sizeOf(item);
    if (part.length > 0 && size + itemSize > maxSize) {
      yield part;
      part = [];
      size = 0;
    }
    part.push(item);
    size += itemSize;
  }
  if (part.length > 0 || items.length === 0) yield part;
}
