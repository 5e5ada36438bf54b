import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from "node:sqlite";
import * as z from "zod";
import { columnsOf, quoted } from "./tables.ts";

/** Rows are written in pieces of about this size. */
const CHUNK_CHARACTERS = 256 * 1024;

/** A value of a database as JSON has it: bytes as `{ "base64": "…" }`. */
const value = z.union([z.null(), z.string(), z.number(), z.strictObject({ base64: z.base64() })]);

const row = z.record(z.string(), value);

/** Why rows do not fit; the caller knows of which file they are. */
export class RowError extends Error {
  override readonly name = "RowError";
}

/**
 * Writes the rows of a table as lines of JSON, each an object by the names of the columns.
 * @param without columns that are written as null
 * @param where a condition in SQL; all rows if left out
 */
export async function writeRows(
  database: DatabaseSync,
  table: string,
  path: string,
  { without = [], where = "true" }: { readonly without?: readonly string[]; readonly where?: string } = {},
): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    let lines = "";
    for (const found of database.prepare(`SELECT * FROM ${quoted(table)} WHERE ${where}`).iterate()) {
      const kept = Object.entries(found).map(([name, cell]) => [name, without.includes(name) ? null : shown(cell)]);
      lines += `${JSON.stringify(Object.fromEntries(kept))}\n`;
      if (lines.length < CHUNK_CHARACTERS) continue;
      await file.writeFile(lines);
      lines = "";
    }
    await file.writeFile(lines);
  } finally {
    await file.close();
  }
}

function shown(cell: SQLOutputValue): string | number | null | { readonly base64: string } {
  if (cell instanceof Uint8Array) return { base64: Buffer.from(cell).toString("base64") };
  // Whole numbers beyond JSON's: SQLite's interface refuses them before they come here.
  return typeof cell === "bigint" ? Number(cell) : cell;
}

/**
 * Puts the lines of a file into a table, which is emptied first: what migrations put there is in the file too.
 * @throws RowError for a line that is none of this table
 */
export async function readRows(database: DatabaseSync, table: string, path: string): Promise<void> {
  const columns = columnsOf(database, table);
  database.exec(`DELETE FROM ${quoted(table)}`);
  const insert = database.prepare(
    `INSERT INTO ${quoted(table)} (${columns.map(quoted).join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
  );
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    const cells = cellsOf(line, columns);
    if (cells === undefined) throw new RowError(`line ${number} of ${table} is none of its rows`);
    try {
      insert.run(...cells);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new RowError(`line ${number} of ${table} does not fit: ${error.message}`, { cause: error });
    }
  }
}

function cellsOf(line: string, columns: readonly string[]): SQLInputValue[] | undefined {
  const found = row.safeParse(jsonOf(line));
  if (!found.success || Object.keys(found.data).length !== columns.length) return undefined;
  const cells: SQLInputValue[] = [];
  for (const column of columns) {
    const cell = Object.hasOwn(found.data, column) ? found.data[column] : undefined;
    if (cell === undefined) return undefined;
    cells.push(typeof cell === "object" && cell !== null ? Buffer.from(cell.base64, "base64") : cell);
  }
  return cells;
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
