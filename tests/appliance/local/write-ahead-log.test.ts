import { mkdirSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { DatabaseSync } from "../../../provider/appliance/local/sqlite.ts";
import { WriteAheadLog } from "../../../provider/appliance/local/write-ahead-log.ts";
import { newFolder } from "./folders.ts";

/** A database in a folder, with something committed to its log. */
function written() {
  const folder = newFolder();
  mkdirSync(folder);
  const path = join(folder, "some.db");
  const connection = new DatabaseSync(path);
  connection.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE said (word TEXT)");
  const log = new WriteAheadLog(`${path}-wal`);
  onTestFinished(() => {
    log.close();
    if (connection.isOpen) connection.close();
  });
  return { path, connection, log };
}

/** How many files of that path this process has open, which only Linux tells. */
function openFiles(path: string): number {
  return readdirSync("/proc/self/fd").filter((file) => {
    try {
      return readlinkSync(`/proc/self/fd/${file}`) === path;
    } catch {
      return false; // the listing's own, which is closed by now
    }
  }).length;
}

describe("the log of a database", () => {
  it("says when its commits are on the disk, again and again, and at the same time", async () => {
    const { connection, log } = written();
    for (const word of ["one", "other"]) {
      connection.exec(`INSERT INTO said VALUES ('${word}')`);
      await Promise.all([log.lasting(), log.lasting()]);
    }
    expect(connection.prepare("SELECT count(*) AS count FROM said").get()).toEqual({ count: 2 });
  });

  it.runIf(process.platform === "linux")("is closed once what was asked is answered", async () => {
    const { path, connection, log } = written();
    await log.lasting();
    expect(openFiles(`${path}-wal`)).toBe(2); // SQLite's and this one
    const asked = log.lasting();
    log.close();
    await asked;
    expect(openFiles(`${path}-wal`)).toBe(1);
    connection.close();
  });

  it("can still be waited for after it was closed, also where SQLite has removed it with its last connection", async () => {
    const { connection, log } = written();
    log.close();
    await log.lasting();
    connection.close();
    await log.lasting();
  });

  it("says so where the disk does not take it, and does not trust it later", async () => {
    // No file system can make this one last (fdatasync(2): EINVAL).
    const log = new WriteAheadLog("/dev/null");
    onTestFinished(() => log.close());
    expect(() => log.requireSound()).not.toThrow();
    const first = await log.lasting().catch((error: unknown) => error);
    expect(() => log.requireSound()).toThrow("EINVAL");
    expect(first).toMatchObject({ code: "EINVAL" });
    await expect(log.lasting()).rejects.toBe(first);
  });

  it("says so where it is not there", async () => {
    const log = new WriteAheadLog(join(newFolder(), "none-wal"));
    await expect(log.lasting()).rejects.toMatchObject({ code: "ENOENT" });
  });
});
