import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { listing, newFolder, openedIn, refusal } from "./folders.ts";

/** An appliance that was used and closed. */
async function used(): Promise<string> {
  const folder = newFolder();
  const appliance = await openedIn(folder);
  await appliance.createToken({ name: "berlin" });
  await appliance.close();
  return folder;
}

function databaseOf(folder: string): string {
  return join(folder, "appliance.db");
}

function execute(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

describe.each([
  ["to write", false],
  ["to read only", true],
])("a local appliance opened %s", (_, readOnly) => {
  /** Opens and reads: whichever notices first. */
  async function read(folder: string): Promise<unknown> {
    const appliance = await openedIn(folder, { readOnly });
    return appliance.findTokenByName({ name: "berlin" });
  }

  it("of a newer version is refused and left alone", async () => {
    const folder = await used();
    execute(databaseOf(folder), "PRAGMA user_version = 99");
    // Whoever opens it to write makes the files of SQLite's locks for a moment, which the folder's time of change shows.
    const filesOf = () => (readOnly ? listing(folder) : { ...listing(folder), ".": "" });
    const before = filesOf();
    const error = await refusal(read(folder));
    expect(error.code).toBe("newer-version");
    expect(error.message).toContain("of version 99");
    expect(filesOf()).toEqual(before);
  });

  it.each([
    [
      "no database at all",
      async (path: string) => writeFileSync(path, "this is not a database, but long enough to be one"),
    ],
    [
      "a database with a damaged page",
      async (path: string) => {
        const file = await open(path, "r+");
        const { size } = await file.stat();
        await file.write(Buffer.alloc(size - 200, 0xff), 0, size - 200, 200);
        await file.close();
      },
    ],
  ])("that is %s is said to be damaged", async (_what, damage) => {
    const folder = await used();
    await damage(databaseOf(folder));
    const error = await refusal(read(folder));
    expect(error.code).toBe("corrupt");
    expect(error.message).toContain(folder);
    expect(error.hint).toContain("backup");
  });

  it("that is another program's database is left alone", async () => {
    const folder = newFolder();
    mkdirSync(folder);
    execute(databaseOf(folder), "CREATE TABLE songs (title TEXT)");
    const before = listing(folder);
    expect((await refusal(read(folder))).message).toContain("another program");
    expect({ ...listing(folder), ".": "" }).toEqual({ ...before, ".": "" });
  });

  it("whose key is missing, or another one, is said to be so", async () => {
    const folder = await used();
    const other = await used();
    cpSync(join(other, "secrets.key"), join(folder, "secrets.key"));
    expect(await refusal(read(folder))).toMatchObject({
      code: "corrupt",
      message: expect.stringContaining("is not the one"),
    });
    rmSync(join(folder, "secrets.key"));
    expect(await refusal(read(folder))).toMatchObject({
      code: "corrupt",
      message: expect.stringContaining("is missing"),
    });
    writeFileSync(join(folder, "secrets.key"), "short");
    expect((await refusal(read(folder))).code).toBe("corrupt");
    expect(readdirSync(folder).sort()).not.toContain("packages");
  });
});

describe("a local appliance", () => {
  it("says that it is locked, and what was to be written is not", async () => {
    const folder = await used();
    const appliance = await openedIn(folder, { lockWaitMs: 100 });
    const other = new DatabaseSync(databaseOf(folder));
    other.exec("BEGIN IMMEDIATE");
    const error = await refusal(appliance.createToken({ name: "munich" }));
    expect(error.code).toBe("locked");
    expect(error.message).toContain("locked by another process");
    expect((await appliance.listTokens({})).tokens).toHaveLength(1);
    other.exec("ROLLBACK");
    other.close();
    await appliance.createToken({ name: "munich" });
    expect((await appliance.listTokens({})).tokens).toHaveLength(2);
  });

  it("waits for a lock without stopping the process, and then writes", async () => {
    const folder = await used();
    const appliance = await openedIn(folder, { lockWaitMs: 120_000 });
    const other = new DatabaseSync(databaseOf(folder));
    other.exec("BEGIN IMMEDIATE");
    let settled = false;
    const writing = appliance.createToken({ name: "munich" }).finally(() => {
      settled = true;
    });
    // Other work goes on meanwhile, reads of the same appliance included.
    await pause(1);
    expect((await appliance.listTokens({})).tokens).toHaveLength(1);
    expect(settled).toBe(false);
    other.exec("ROLLBACK");
    other.close();
    expect((await writing).name).toBe("munich");
  });

  it.each([
    ["where a file is", "file/appliance"],
    ["that is a file", "file"],
  ])("refuses a folder %s", async (_, path) => {
    const folder = newFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, "file"), "");
    expect((await refusal(openedIn(join(folder, path)))).code).toBe("invalid");
  });

  it("refuses work after it was closed, and may be closed twice", async () => {
    const appliance = await openedIn(newFolder());
    await appliance.close();
    await appliance.close();
    expect((await refusal(appliance.listTokens({}))).code).toBe("unavailable");
    expect((await refusal(appliance.openPackage("0".repeat(64)))).code).toBe("unavailable");
  });
});
