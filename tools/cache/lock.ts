import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import type { Say } from "../process/say.ts";

const SQLITE_BUSY = 5;

/**
 * Runs `work` while no other process runs work under the same name in the same folder.
 *
 * The lock is SQLite's own on an empty database file: the operating system frees it when its holder dies, however it
 * dies, so a killed build never leaves a lock behind.
 *
 * @example await withLock(cacheFolder(), "pulumi", say, () => build());
 */
export async function withLock<Result>(
  folder: string,
  name: string,
  say: Say,
  work: () => Promise<Result>,
): Promise<Result> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.lock`);
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    let told = false;
    while (!acquired(lock)) {
      if (!told) say(`waiting for another process that holds ${path}`);
      told = true;
      await pause(250);
    }
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
