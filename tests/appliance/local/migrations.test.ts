import { copyFileSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { migrations, newest } from "../../../provider/appliance/local/migrations.ts";
import { thisProcess } from "../../../provider/appliance/local/process-identity.ts";
import { openWritable } from "../../../provider/appliance/local/writable-database.ts";
import { listing, newFolder, openedIn, refusal } from "./folders.ts";

const [first] = migrations;
const renaming = { number: newest(migrations) + 1, sql: "UPDATE tokens SET name = name || ' (migrated)';" };
const failing = {
  number: newest(migrations) + 1,
  sql: "UPDATE tokens SET name = 'half done'; INSERT INTO no_such_table VALUES (1);",
};

async function used(): Promise<string> {
  const folder = newFolder();
  const appliance = await openedIn(folder);
  await appliance.createToken({ name: "berlin" });
  await appliance.close();
  return folder;
}

describe("migrations of the local appliance", () => {
  it("are numbered from 1, each higher than the one before", () => {
    expect(first?.number).toBe(1);
    const numbers = migrations.map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
  });

  it("bring an older database up to date, once", async () => {
    const folder = await used();
    for (let opening = 0; opening < 2; opening++) {
      const appliance = await openedIn(folder, { migrations: [...migrations, renaming] });
      expect((await appliance.listTokens({})).tokens.map(({ name }) => name)).toEqual(["berlin (migrated)"]);
      await appliance.close();
    }
    expect((await refusal(openedIn(folder))).code).toBe("newer-version");
  });

  it("keep the bundle that a configuration named before from being deleted", async () => {
    const folder = newFolder();
    const filled = await openedIn(folder);
    const { id } = await filled.saveBundle({ name: "agents", version: "1.4.2", flavour: "reference", packages: [] });
    const inputs = JSON.stringify({ agent: { bundle: id } });
    await filled.saveConfiguration({ id: "config-1", name: "berlin", description: { targets: "10.0.0.1", inputs } });
    await filled.saveConfiguration({ id: "config-2", name: "bonn", description: { targets: "10.0.0.2" } });
    await filled.close();
    const database = new DatabaseSync(join(folder, "appliance.db"));
    database.exec("ALTER TABLE configurations DROP COLUMN token_fingerprint; PRAGMA user_version = 17");
    database.close();
    const migrated = await openedIn(folder);
    await expect(migrated.deleteBundle({ id })).rejects.toThrow('it is used by configuration "berlin"');
    expect((await migrated.getConfiguration({ id: "config-2" })).description).not.toHaveProperty("bundle");
    await migrated.close();
  });

  it("are shown to a preview through a copy, and the database stays as it is", async () => {
    const folder = await used();
    const before = listing(folder);
    const preview = await openedIn(folder, { readOnly: true, migrations: [...migrations, renaming] });
    const { tokens } = await preview.listTokens({});
    expect(tokens.map(({ name }) => name)).toEqual(["berlin (migrated)"]);
    expect((await preview.getToken({ id: tokens[0]?.id ?? "" })).value).toHaveLength(54);
    expect(listing(folder)).toEqual(before);
  });

  it("keep the database as it was before each of them, for its owner only, the latest five", async () => {
    const folder = await used();
    const steps = [...migrations];
    let now = Date.parse("2027-03-01T08:00:00Z");
    for (let step = 1; step <= 7; step++) {
      steps.push({ ...renaming, number: newest(migrations) + step });
      now += 1_000;
      const appliance = await openedIn(folder, { migrations: [...steps], now: () => now });
      await appliance.close();
    }
    const backups = join(folder, "backups");
    const files = readdirSync(backups).sort();
    expect(files).toHaveLength(5);
    expect(files.at(-1)).toBe(`appliance-2027-03-01T08-00-07-000Z-version-${newest(migrations) + 6}.db`);
    for (const file of files) expect(statSync(join(backups, file)).mode & 0o777).toBe(0o600);
    expect(statSync(backups).mode & 0o777).toBe(0o700);

    // With the key of the folder it is an appliance again, as it was.
    const restored = newFolder();
    mkdirSync(restored, { mode: 0o700 });
    copyFileSync(join(backups, files.at(-1) ?? ""), join(restored, "appliance.db"));
    copyFileSync(join(folder, "secrets.key"), join(restored, "secrets.key"));
    const appliance = await openedIn(restored, { migrations: steps.slice(0, -1) });
    const { tokens } = await appliance.listTokens({});
    expect(tokens.map(({ name }) => name)).toEqual([`berlin${" (migrated)".repeat(6)}`]);
    expect((await appliance.getToken({ id: tokens[0]?.id ?? "" })).value).toHaveLength(54);
  });

  it("are not copied where there is nothing to keep yet, nor where nothing changes", async () => {
    const folder = await used();
    await (await openedIn(folder)).close();
    expect(readdirSync(folder)).not.toContain("backups");
  });

  describe("of a database that an older program serves", () => {
    const newer = [...migrations, renaming];

    async function publish(folder: string, process = thisProcess()): Promise<void> {
      const appliance = await openedIn(folder);
      const names = { name: "kbox", port: 8443, canonicalNames: ["kbox"] };
      await appliance.publishServer({ instanceId: "instance-1", ...names, version: "1.0.0", process });
      await appliance.close();
    }

    it("are refused while that server runs, and nothing is changed; it goes on, and so do others of its version", async () => {
      const folder = await used();
      await publish(folder);
      const { code, message, hint } = await refusal(openedIn(folder, { migrations: newer }));
      expect(code).toBe("conflict");
      expect(message).toContain(`(1.0.0) runs on this appliance, as kbox:8443 (process ${process.pid})`);
      expect(hint).toContain("stop that server first");
      expect(readdirSync(folder)).not.toContain("backups");
      const beside = await openedIn(folder);
      expect((await beside.listTokens({})).tokens.map(({ name }) => name)).toEqual(["berlin"]);
      expect((await beside.serverStatus({})).running).toBe(true);
    });

    it("are done once it has stopped, and once it was killed", async () => {
      const stopped = await used();
      await publish(stopped);
      const old = await openedIn(stopped);
      await old.withdrawServer({ instanceId: "instance-1" });
      await old.close();
      const killed = await used();
      await publish(killed);
      for (const [folder, hasEnded] of [
        [stopped, () => false],
        [killed, () => true],
      ] as const) {
        const appliance = await openedIn(folder, { migrations: newer, hasEnded });
        expect((await appliance.listTokens({})).tokens.map(({ name }) => name)).toEqual(["berlin (migrated)"]);
      }
    });

    it("wait for one whose process cannot be seen until it was not heard for 15 seconds", async () => {
      const folder = await used();
      await publish(folder, { pid: 1, scope: "another container" });
      const later = (ms: number) => openedIn(folder, { migrations: newer, now: () => Date.now() + ms });
      expect((await refusal(later(0))).code).toBe("conflict");
      const appliance = await later(16_000);
      expect((await appliance.listTokens({})).tokens).toHaveLength(1);
    });

    it("are shown to a preview all the same, and keep no backup of it from being restored", async () => {
      const folder = await used();
      await publish(folder);
      const preview = await openedIn(folder, { readOnly: true, migrations: newer });
      expect((await preview.listTokens({})).tokens.map(({ name }) => name)).toEqual(["berlin (migrated)"]);
      const database = await openWritable({ folder, lockWaitMs: 1_000, now: Date.now(), migrations: newer });
      database.close(); // as a restore opens its own copy, in which the server's row is of another folder
    });
  });

  it("are done whole or not at all", async () => {
    const folder = await used();
    await expect(openedIn(folder, { migrations: [...migrations, failing] })).rejects.toThrow(/no_such_table/);
    const appliance = await openedIn(folder);
    expect((await appliance.listTokens({})).tokens.map(({ name }) => name)).toEqual(["berlin"]);
  });
});
