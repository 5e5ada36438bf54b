import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";

const SQLITE_BUSY = 5;

/**
 * Runs `work` while no other process runs work under this name in this folder. It is SQLite's own lock on an empty
 * file: the system frees it when its holder dies, however it dies.
 */
export async function withLock<Result>(folder: string, name: string, work: () => Promise<Result>): Promise<Result> {
  mkdirSync(folder, { recursive: true });
  const lock = new DatabaseSync(join(folder, `${name}.lock`), { timeout: 0 });
  try {
    while (!acquired(lock)) await pause(100);
    return await work();
  } finally {
    lock.close();
  }
}

function acquired(lock: DatabaseSync): boolean {
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
