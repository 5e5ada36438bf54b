import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { withLock } from "../cache/lock.ts";
import type { Say } from "../process/say.ts";

/**
 * A folder that is made once. It is made under another name and renamed, so that it is whole whenever it is there; of
 * several that want it at the same time, in this process or others, one makes it and the others wait.
 *
 * @param make fills the folder that it is given
 * @returns the folder's path
 */
export async function cachedFolder(path: string, say: Say, make: (folder: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) return path;
  const parent = dirname(path);
  return withLock(parent, basename(path), say, async () => {
    if (existsSync(path)) return path;
    await mkdir(parent, { recursive: true });
    const scratch = await mkdtemp(join(parent, "making-"));
    try {
      await make(scratch);
      await rename(scratch, path);
      return path;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
}
