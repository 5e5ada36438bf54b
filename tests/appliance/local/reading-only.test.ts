import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DATABASE_FILE } from "../../../provider/appliance/local/database.ts";
import { operations } from "../../../provider/appliance/operations/table.ts";
import { listing, newFolder, openedIn, refusal } from "./folders.ts";
import { startWriter } from "./writers.ts";

const LONG_MS = 120_000;

describe("a local appliance that is opened to read only", () => {
  it("reads as empty where there is none, and makes nothing", async () => {
    const folder = newFolder();
    const preview = await openedIn(folder, { readOnly: true });
    expect(await preview.listTokens({})).toEqual({ tokens: [], next: undefined });
    expect(await preview.checkToken({ value: "some-value" })).toEqual({ status: "unknown" });
    expect(await preview.serverStatus({})).toEqual({ running: false });
    expect(await preview.changesSince({})).toMatchObject({ sequence: 0 });
    expect(await preview.hasPackage({ sha256: "0".repeat(64) })).toEqual({ present: false });
    expect((await refusal(preview.getToken({ id: "token-1" }))).code).toBe("not-found");
    expect(existsSync(folder)).toBe(false);
  });

  it("is refused where there is none and it must exist, to be read and to be written, and makes nothing", async () => {
    const folder = newFolder();
    for (const readOnly of [true, false])
      expect(await refusal(openedIn(folder, { readOnly, mustExist: true }))).toMatchObject({
        code: "not-found",
        message: `there is no appliance in ${folder}`,
      });
    expect(existsSync(folder)).toBe(false);
    // Somebody has made the file, and nothing is in it yet.
    mkdirSync(folder);
    writeFileSync(join(folder, DATABASE_FILE), "");
    const reading = await openedIn(folder, { readOnly: true, mustExist: true });
    expect((await refusal(reading.listTokens({}))).code).toBe("not-found");
    expect((await refusal(openedIn(folder, { mustExist: true }))).code).toBe("not-found");
    expect(statSync(join(folder, DATABASE_FILE)).size).toBe(0);
  });

  it("leaves the folder as it is, byte for byte", async () => {
    const folder = newFolder();
    const writing = await openedIn(folder);
    const token = await writing.createToken({ name: "berlin" });
    await writing.close();
    const before = listing(folder);
    const preview = await openedIn(folder, { readOnly: true });
    expect(await preview.getToken({ id: token.id })).toEqual(token);
    expect((await preview.listHistory({})).entries).toHaveLength(1);
    await preview.close();
    expect(listing(folder)).toEqual(before);
  });

  it("sees every change that another process makes meanwhile", async () => {
    const folder = newFolder();
    const preview = await openedIn(folder, { readOnly: true });
    const names = async () => (await preview.listTokens({})).tokens.map(({ name }) => name);
    expect(await names()).toEqual([]);
    const writing = await openedIn(folder);
    expect(await names()).toEqual([]);
    await writing.createToken({ name: "a" });
    expect(await names()).toEqual(["a"]);
    await writing.createToken({ name: "b" });
    expect(await names()).toEqual(["a", "b"]);
    await writing.close();
    expect(await names()).toEqual(["a", "b"]);
    const again = await openedIn(folder);
    await again.createToken({ name: "c" });
    await again.close();
    expect(await names()).toEqual(["a", "b", "c"]);
  });

  it("does not touch what a killed process left, but for SQLite's locks", { timeout: LONG_MS }, async () => {
    const folder = newFolder();
    const writer = startWriter(folder, "fleet", 100_000);
    await writer.saying.next();
    writer.child.kill("SIGKILL");
    await writer.ended;
    const withoutLocks = () => ({ ...listing(folder), "appliance.db-shm": "" });
    const before = withoutLocks();
    expect(Object.keys(before)).toContain("appliance.db-wal");
    const preview = await openedIn(folder, { readOnly: true });
    expect((await preview.listOutcomes({})).outcomes.length).toBeGreaterThan(0);
    await preview.close();
    expect(withoutLocks()).toEqual(before);
  });

  it("refuses every operation that writes", async () => {
    const folder = newFolder();
    const preview = await openedIn(folder, { readOnly: true });
    expect((await refusal(preview.createToken({ name: "t" }))).code).toBe("read-only");
    expect((await refusal(preview.forgetHostKey({ host: "web1" }))).code).toBe("read-only");
    async function* nothing(): AsyncGenerator<Uint8Array> {}
    expect((await refusal(preview.putPackage("0".repeat(64), 0, nothing()))).code).toBe("read-only");
    expect(existsSync(folder)).toBe(false);
  });

  it("has an access for every operation that fits its name", () => {
    const reading =
      /^(get|find|list|check|has|read|plan|unfinished|outcomeLog|tokenUses|deviceStates|changesSince|serverStatus)/;
    for (const { name, access } of Object.values(operations)) {
      expect([name, access]).toEqual([name, reading.test(name) ? "read" : "write"]);
    }
  });
});
