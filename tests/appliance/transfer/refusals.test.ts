import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gzipSync } from "node:zlib";
import { create, extract } from "tar";
import { beforeEach, describe, expect, it } from "vitest";
import { backUpAppliance } from "../../../provider/appliance/transfer/backup.ts";
import { exportAppliance } from "../../../provider/appliance/transfer/export.ts";
import { importAppliance } from "../../../provider/appliance/transfer/import.ts";
import { restoreAppliance } from "../../../provider/appliance/transfer/restore.ts";
import { listing, newFolder, openedIn, refusal } from "../local/folders.ts";
import { fillAll, PACKAGE_SHA256, rowsOf } from "./filled.ts";

const PASSPHRASE = "correct horse battery staple";
const now = Date.parse("2027-03-01T08:00:00Z");
const who = "ann@ci-7";

let folder = "";
let beside = "";
beforeEach(async () => {
  folder = newFolder();
  beside = dirname(folder);
  await fillAll(folder);
});

const restoring = (path: string, target = newFolder()) => restoreAppliance({ folder: target, path, now, who });
const importing = (path: string, target = newFolder(), passphrase = PASSPHRASE) =>
  importAppliance({ folder: target, path, now, who, passphrase: async () => passphrase });

async function backedUp(): Promise<string> {
  const path = join(beside, "backup");
  await backUpAppliance({ folder, path, now });
  return path;
}

/** @param passphrase null leaves secrets out */
async function exported(passphrase: string | null = PASSPHRASE): Promise<string> {
  const path = join(beside, "export");
  await exportAppliance({ folder, path, now, passphrase: passphrase ?? undefined });
  return path;
}

/** Unpacks an archive, lets `change` do what it likes with its files, and packs it again as it was. */
async function repacked(path: string, change: (unpacked: string) => void, names?: readonly string[]): Promise<string> {
  const [unpacked, out] = [newFolder(), `${path}.changed`];
  const found: string[] = [];
  mkdirSync(unpacked);
  await extract({ file: path, cwd: unpacked, onReadEntry: (entry) => void found.push(entry.path) });
  change(unpacked);
  await create({ file: out, cwd: unpacked, portable: true }, [...(names ?? found)]);
  return out;
}

/** Changes a text in a file. */
function edit(path: string, from: string | RegExp, to: string): void {
  const before = readFileSync(path, "utf8");
  const after = before.replace(from, to);
  expect(after, `the test changes ${path}`).not.toBe(before);
  writeFileSync(path, after);
}

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Makes the header of a tar's file, which begins at `at`, right again (POSIX ustar: the sum of its bytes). */
function withChecksum(tar: Buffer, at: number): Buffer {
  tar.fill(" ", at + 148, at + 156);
  const sum = tar.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
  tar.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148);
  return tar;
}

describe("an archive that is not as it was made", () => {
  it.each([0.1, 0.9, 0.99])("is refused where %d of it is left, and nothing is changed", async (part) => {
    const path = await backedUp();
    truncateSync(path, Math.floor(readFileSync(path).length * part));
    const target = newFolder();
    await (await openedIn(target)).close();
    const before = listing(target);
    const { code, message } = await refusal(restoring(path, target));
    expect(code).toBe("invalid");
    expect(message).toContain(path);
    expect({ ...listing(target), ".": "" }).toEqual({ ...before, ".": "" });
  });

  it("leaves no folder behind that was made for it, and those that were there", async () => {
    const path = await backedUp();
    truncateSync(path, 3_000);
    const there = newFolder();
    mkdirSync(there);
    await refusal(restoring(path, join(there, "srv", "kace")));
    await refusal(importing(path, join(there, "kace")));
    await refusal(restoring(path, there));
    expect(Object.keys(listing(there) ?? {})).toEqual(["."]);
  });

  it("is refused where any byte of its database, a table or a package is another one", async () => {
    const backup = readFileSync(await backedUp());
    const at = backup.indexOf("SQLite format 3") + 5_000;
    backup.writeUInt8(backup.readUInt8(at) ^ 1, at);
    writeFileSync(join(beside, "flipped"), backup);
    expect((await refusal(restoring(join(beside, "flipped")))).message).toContain("appliance.db is not the one");
    const plain = readFileSync(await exported(), "latin1").replace("Bitte warten", "Bitte wartet");
    writeFileSync(join(beside, "edited"), plain, "latin1");
    expect((await refusal(importing(join(beside, "edited")))).message).toContain("tables/agent_settings.ndjson");
  });

  it("is refused where its tables were edited and the checksums with them: the secrets do not open then", async () => {
    const path = await repacked(await exported(), (unpacked) => {
      const table = join(unpacked, "tables", "agent_settings.ndjson");
      const sum = sha256(readFileSync(table));
      edit(table, "Bitte warten", "Bitte wartet");
      edit(join(unpacked, "contents.json"), sum, sha256(readFileSync(table)));
    });
    const { code, message } = await refusal(importing(path));
    expect([code, message]).toEqual(["permission-denied", expect.stringContaining("the export was changed")]);
  });

  it.each<[string, (unpacked: string) => void, RegExp]>([
    ["a row that is none", (at) => appendFileSync(at, '{"organization":"x"}\n'), /is none of its rows/],
    ["a row with a wrong type", (at) => edit(at, /"revision":\d+/, '"revision":"many"'), /does not fit/],
    ["what is no JSON", (at) => appendFileSync(at, "{\n"), /is none of its rows/],
    ["a row of an organization that there is not", (at) => edit(at, '"default"', '"nobody"'), /belongs to/],
  ])("is refused with %s, though its checksums are right", async (_what, change, problem) => {
    const path = await repacked(await exported(null), (unpacked) => {
      const table = join(unpacked, "tables", "agent_settings.ndjson");
      const before = readFileSync(table);
      change(table);
      const after = readFileSync(table);
      const contents = join(unpacked, "contents.json");
      edit(contents, sha256(before), sha256(after));
      edit(
        contents,
        `"sizeBytes": ${before.length},\n      "sha256": "${sha256(after)}"`,
        `"sizeBytes": ${after.length},\n      "sha256": "${sha256(after)}"`,
      );
    });
    const target = newFolder();
    const { code, message } = await refusal(importing(path, target));
    expect(code).toBe("invalid");
    expect(message).toMatch(problem);
    expect(listing(target)).toBeUndefined();
  });
});

describe("what a refusal says of a file", () => {
  const CUT = { message: expect.stringContaining("is not as it was made: it is cut off"), hint: /another copy/ };
  const NONE = { message: expect.stringContaining("is no backup of an appliance"), hint: /`kace backup` made/ };

  /** The cuts: in the first header, in the first file, in the database, between two files, and before the last one. */
  it.each<[string, (backup: Buffer) => number]>([
    ["in its first header", () => 100],
    ["after its first header", () => 512],
    ["in its first file", () => 520],
    ["before its database", (backup) => backup.indexOf("appliance.db\0")],
    ["in its database", (backup) => backup.indexOf("SQLite format 3") + 5_000],
    ["in a package", (backup) => backup.indexOf(`packages/${PACKAGE_SHA256}`) + 513],
    ["before its contents", (backup) => backup.indexOf("contents.json\0")],
    ["in its contents", (backup) => backup.indexOf("contents.json\0") + 600],
  ])("that it is cut off, where a backup is cut %s", async (_where, at) => {
    const path = await backedUp();
    truncateSync(path, at(readFileSync(path)));
    const { message, hint } = await refusal(restoring(path));
    expect(message).toEqual(CUT.message);
    expect(hint).toMatch(CUT.hint);
  });

  it.each<[string, (backup: Buffer) => Buffer]>([
    ["a shell script", () => Buffer.from("#!/bin/sh\nset -eu\necho fixed\n".repeat(200))],
    ["a short text", () => Buffer.from("archive")],
    ["an empty file", () => Buffer.alloc(0)],
    ["zeros", () => Buffer.alloc(10_240)],
    ["a database", () => readFileSync(join(folder, "appliance.db"))],
    ["a backup that was compressed", (backup) => gzipSync(backup)],
    ["what is compressed and cut", (backup) => gzipSync(backup).subarray(0, 1_000)],
  ])("that it is no backup, where it is %s", async (_what, content) => {
    const path = await backedUp();
    writeFileSync(path, content(readFileSync(path)));
    const { message, hint } = await refusal(restoring(path));
    expect(message).toEqual(NONE.message);
    expect(hint).toMatch(NONE.hint);
  });
});

describe("an archive that does not fit", () => {
  it("is refused where it is of the other kind, or none at all", async () => {
    const [backup, export_] = [await backedUp(), await exported()];
    expect((await refusal(importing(backup))).hint).toContain("kace restore");
    expect((await refusal(restoring(export_))).hint).toContain("kace import");
    const other = join(beside, "other");
    writeFileSync(other, "no archive".repeat(1_000));
    expect((await refusal(restoring(other))).code).toBe("invalid");
    writeFileSync(other, "");
    expect((await refusal(restoring(other))).code).toBe("invalid");
    writeFileSync(other, gzipSync(Buffer.alloc(1_000_000)));
    expect((await refusal(restoring(other))).code).toBe("invalid");
    expect((await refusal(restoring(join(beside, "absent")))).code).toBe("unavailable");
  });

  it("is refused with a way out of its folder, a link, or a file of another name", async () => {
    const backup = await backedUp();
    for (const name of ["../outside", "packages/x", "certificates/../../x.pem", "appliance.db-wal"]) {
      const changed = readFileSync(backup);
      const at = changed.indexOf(`packages/${PACKAGE_SHA256}`);
      changed.fill(0, at, at + 100);
      changed.write(name, at);
      writeFileSync(join(beside, "changed"), withChecksum(changed, at));
      const { code, message } = await refusal(restoring(join(beside, "changed")));
      expect([code, message]).toEqual(["invalid", expect.stringContaining("does not belong into it")]);
    }
  });

  it("is refused where a newer version made it, by its format or its database", async () => {
    const format = await repacked(await backedUp(), (at) =>
      edit(join(at, "archive.json"), '"format": 1', '"format": 2'),
    );
    expect((await refusal(restoring(format))).code).toBe("newer-version");
    const schema = await repacked(await exported(null), (at) => {
      const before = readFileSync(join(at, "archive.json"));
      edit(join(at, "archive.json"), /"schema": \d+/, '"schema": 999');
      const after = readFileSync(join(at, "archive.json"));
      edit(join(at, "contents.json"), sha256(before), sha256(after));
      edit(join(at, "contents.json"), `"sizeBytes": ${before.length},`, `"sizeBytes": ${after.length},`);
    });
    expect((await refusal(importing(schema))).code).toBe("newer-version");
    const path = join(folder, "appliance.db");
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 999");
    database.close();
    const refused = await refusal(backUpAppliance({ folder, path: join(beside, "later"), now }));
    expect(refused.code).toBe("newer-version");
  });

  it("is refused where the appliance has something already, and it stays as it was", async () => {
    const target = newFolder();
    await fillAll(target);
    const before = rowsOf(target);
    const [backup, export_] = [await backedUp(), await exported()];
    expect(await refusal(restoring(backup, target))).toMatchObject({
      code: "conflict",
      message: expect.stringMatching(/is not empty \(.*devices: 2.*tokens: 1/),
    });
    expect(await refusal(importing(export_, target))).toMatchObject({ code: "conflict" });
    expect(rowsOf(target)).toEqual(before);
  });

  it("is refused for what the appliance has, not for its server, where both stand in the way", async () => {
    const target = newFolder();
    await fillAll(target);
    const holder = await openedIn(target);
    const { message, hint } = await refusal(importing(await exported(), target));
    expect(message).toContain("is not empty");
    expect(hint).toBe("an export is taken into an empty appliance: give a new folder with --database");
    await holder.close();
  });

  it("is refused while another process uses an appliance that is empty", async () => {
    const target = newFolder();
    const holder = await openedIn(target);
    const { code, message } = await refusal(importing(await exported(), target));
    expect([code, message]).toEqual(["conflict", expect.stringContaining("another process uses")]);
    await holder.close();
    await importing(join(beside, "export"), target);
    expect(rowsOf(target)).toEqual(rowsOf(folder));
  });

  it("is refused with another passphrase, and is not made with a short one", async () => {
    expect((await refusal(importing(await exported(), newFolder(), "another one of these"))).code).toBe(
      "permission-denied",
    );
    const short = exportAppliance({ folder, path: join(beside, "short"), now, passphrase: "12345678901" });
    expect((await refusal(short)).message).toContain("at least 12 characters");
  });

  it("takes the place of no other file, and of a folder without an appliance there is none", async () => {
    const path = await backedUp();
    const before = readFileSync(path);
    expect((await refusal(backUpAppliance({ folder, path, now }))).code).toBe("conflict");
    expect(readFileSync(path).equals(before)).toBe(true);
    const absent = newFolder();
    expect((await refusal(backUpAppliance({ folder: absent, path: `${path}2`, now }))).code).toBe("not-found");
    expect(listing(absent)).toBeUndefined();
  });
});
