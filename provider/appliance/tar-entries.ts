import { once } from "node:events";
import { Parser, type ReadEntry } from "tar";

/** Some entries are in the names only: they say how long the next name is, and so on. They are bounded on their own. */
const MAX_META_BYTES = 64 * 1024;

/**
 * Reads the entries of a tar one after the other; nothing is unpacked to the disk, and memory does not grow with it.
 *
 * @param bytes of the tar, unpacked
 * @param visit gets every entry in the order of the tar; what it leaves unread is skipped
 * @throws what `visit`, `bytes` and the parser (codes `TAR_…`) throw
 * @example await walkTar(createReadStream(path), async (entry) => console.log(entry.path, entry.size))
 */
export async function walkTar(bytes: AsyncIterable<Buffer>, visit: (entry: ReadEntry) => Promise<void>): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  let work = Promise.resolve();
  let current: ReadEntry | undefined;
  const fail = (error: unknown) => {
    failure ??= { error };
  };
  const parser = new Parser({ strict: true, maxMetaEntrySize: MAX_META_BYTES });
  parser.on("entry", (entry: ReadEntry) => {
    current = entry;
    work = work
      .then(async () => {
        if (failure === undefined) await visit(entry);
      })
      .catch(fail)
      // What nobody reads would keep everything after it waiting.
      .finally(() => entry.resume());
  });
  parser.on("error", fail);
  const ended = new Promise<void>((resolve) => {
    for (const event of ["end", "close", "error"]) parser.on(event, () => resolve());
  });
  try {
    for await (const chunk of bytes) {
      if (failure !== undefined) break;
      if (!parser.write(chunk)) await Promise.race([once(parser, "drain"), ended]);
    }
  } catch (error) {
    fail(error);
  }
  if (failure === undefined) {
    parser.end();
    await ended;
  }
  if (failure !== undefined) {
    parser.abort(new Error("given up"));
    current?.destroy(failure.error); // its reader waits for what never comes
  }
  await work;
  if (failure !== undefined) throw failure.error;
}
