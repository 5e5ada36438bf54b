import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Files by their path relative to a root, with `/` between folders. */
export type Tree = ReadonlyMap<string, string>;

/** What a build leaves inside a generated folder; its own `.gitignore` excludes it too. */
const LEFT_BY_BUILDS = new Set(["node_modules", "bin", "__pycache__", "dist", "build"]);

/** How the files on disk differ from the tree that should be there. */
export type Differences = {
  readonly missing: readonly string[];
  readonly stale: readonly string[];
  /** Files in a generated folder that nothing generates any more. */
  readonly extra: readonly string[];
};

/** Reads every file under these folders of a root. A folder that does not exist has none. */
export async function readTree(root: string, folders: readonly string[]): Promise<Tree> {
  const tree = new Map<string, string>();
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await entriesOf(join(root, folder))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isFile()) tree.set(path, await readFile(join(root, path), "utf8"));
      else if (entry.isDirectory() && !LEFT_BY_BUILDS.has(entry.name)) await walk(path);
    }
  };
  for (const folder of folders) await walk(folder);
  return tree;
}

/** Makes the folders of a root hold exactly this tree. A file that is already right is not touched. */
export async function writeTree(root: string, folders: readonly string[], wanted: Tree): Promise<Differences> {
  const differences = compareTrees(wanted, await readTree(root, folders));
  for (const path of [...differences.missing, ...differences.stale]) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), wanted.get(path) ?? "");
  }
  for (const path of differences.extra) await rm(join(root, path));
  return differences;
}

export function compareTrees(wanted: Tree, found: Tree): Differences {
  const paths = [...wanted.keys()].sort();
  return {
    missing: paths.filter((path) => !found.has(path)),
    stale: paths.filter((path) => found.has(path) && found.get(path) !== wanted.get(path)),
    extra: [...found.keys()].sort().filter((path) => !wanted.has(path)),
  };
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
