import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { DatabaseSync } from "node:sqlite";

/**
 * All rows of all tables of an appliance's database, by table, as a reader sees them now. The file's own bytes say less:
 * SQLite moves its pages about. A server that runs gives a sign of life every few seconds, which is left out.
 */
export async function rowsOf(database: string): Promise<Record<string, string[]>> {
  const [file] = (await readdir(database)).filter((name) => /\.(db|sqlite3?)$/.test(name));
  if (file === undefined) throw new Error(`there is no database in ${database}`);
  const opened = new DatabaseSync(join(database, file), { readOnly: true });
  try {
    const tables = opened.prepare("select name from sqlite_master where type = 'table' order by name").all();
    return Object.fromEntries(
      tables.map(({ name }) => {
        const rows = opened.prepare(`select * from "${String(name)}"`).all();
        return [String(name), rows.map(({ heartbeat_at: _, ...row }) => JSON.stringify(row)).sort()];
      }),
    );
  } finally {
    opened.close();
  }
}

/** Every file below a folder, with the hash of its content. */
export async function hashesOf(folder: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    hashes[relative(folder, path)] = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
  }
  return hashes;
}
