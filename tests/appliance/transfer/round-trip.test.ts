import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { beforeEach, describe, expect, it } from "vitest";
import { migrate, migrations, newest } from "../../../provider/appliance/local/migrations.ts";
import { backUpAppliance } from "../../../provider/appliance/transfer/backup.ts";
import { exportAppliance } from "../../../provider/appliance/transfer/export.ts";
import { importAppliance } from "../../../provider/appliance/transfer/import.ts";
import { restoreAppliance } from "../../../provider/appliance/transfer/restore.ts";
import {
  columnsOf,
  LEFT_OUT,
  SECRET_COLUMNS,
  SECRET_TABLES,
  tablesOf,
} from "../../../provider/appliance/transfer/tables.ts";
import { newFolder, openedIn, refusal } from "../local/folders.ts";
import { filesOf, fillAll, PACKAGE_SHA256, rowsOf, SECRETS } from "./filled.ts";

const PASSPHRASE = "correct horse battery staple";
const now = Date.parse("2027-03-01T08:00:00Z");
const who = "ann@ci-7";

describe("an appliance that was taken elsewhere", () => {
  let folder = "";
  let path = "";
  let apiToken = "";
  beforeEach(async () => {
    folder = newFolder();
    path = join(dirname(folder), "archive");
    ({ apiToken } = await fillAll(folder));
  });

  async function takeBackup(): Promise<string> {
    const target = newFolder();
    await backUpAppliance({ folder, path, now });
    expect(await restoreAppliance({ folder: target, path, now, who })).toMatchObject({ how: "anew" });
    return target;
  }

  async function takeExport(passphrase?: string): Promise<string> {
    const target = newFolder();
    await exportAppliance({ folder, path, now, passphrase });
    await importAppliance({ folder: target, path, now, who, passphrase: async () => passphrase ?? "" });
    return target;
  }

  it.each([
    ["by a backup", takeBackup],
    ["by an export", () => takeExport(PASSPHRASE)],
  ])("%s has everything, secrets too, and says in its history where it comes from", async (_how, take) => {
    const target = await take();
    expect(rowsOf(target)).toEqual(rowsOf(folder));
    for (const part of ["packages", "certificates"]) expect(filesOf(target, part)).toEqual(filesOf(folder, part));
    const appliance = await openedIn(target);
    const { id } = (await appliance.listTokens({})).tokens[0] ?? { id: "" };
    expect(await appliance.getToken({ id })).toMatchObject({ value: SECRETS.token });
    expect(await appliance.runInputs("config-2")).toContain(SECRETS.logIn);
    expect(await appliance.checkApiToken({ value: apiToken })).toMatchObject({ name: "pipeline" });
    expect(await appliance.hasPackage({ sha256: PACKAGE_SHA256 })).toMatchObject({ present: true });
    expect((await appliance.listHistory({ subject: "appliance" })).entries).toMatchObject([{ who }]);
    for (const name of ["appliance.db", "secrets.key"])
      expect(statSync(join(target, name)).mode & 0o777, name).toBe(0o600);
  });

  it("without secrets has everything else: tokens have new values, and what logs in is gone", async () => {
    const target = await takeExport();
    const without = [...Object.keys(SECRET_TABLES), "meta"];
    expect(rowsOf(target, without)).toEqual(rowsOf(folder, without));
    const appliance = await openedIn(target);
    const { id } = (await appliance.listTokens({})).tokens[0] ?? { id: "" };
    const { value } = await appliance.getToken({ id });
    expect(value).toHaveLength(54);
    expect((await appliance.listSchedules({})).schedules).toEqual([]);
    expect((await refusal(appliance.runInputs("config-2"))).code).toBe("conflict");
    expect((await appliance.listApiTokens({})).apiTokens).toEqual([]);
    expect(filesOf(target, "certificates")).toEqual({});
  });

  it("shows no secret on the way, but for a backup, which only its owner can read", async () => {
    await exportAppliance({ folder, path, now, passphrase: PASSPHRASE });
    const text = readFileSync(path, "latin1");
    const key = readFileSync(join(folder, "secrets.key"), "utf8").trim();
    for (const secret of [...Object.values(SECRETS), apiToken, key, PASSPHRASE, "PRIVATE KEY"])
      expect(text.includes(secret), secret).toBe(false);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const backup = `${path}.backup`;
    await backUpAppliance({ folder, path: backup, now });
    expect(readFileSync(backup, "latin1")).toContain(key);
    expect(statSync(backup).mode & 0o777).toBe(0o600);
  });

  it("may be of an earlier version", async () => {
    const old = migrations.filter(({ number }) => number <= 5);
    const older = newFolder();
    const appliance = await openedIn(older, { migrations: old });
    await appliance.close();
    await exportAppliance({ folder: older, path, now, passphrase: PASSPHRASE });
    const target = newFolder();
    await importAppliance({ folder: target, path, now, who, passphrase: async () => PASSPHRASE });
    expect(rowsOf(target)).toMatchObject({ organizations: [expect.stringContaining('"default"')] });
    const database = new DatabaseSync(join(target, "appliance.db"), { readOnly: true });
    expect(database.prepare("PRAGMA user_version").get()).toEqual({ user_version: newest(migrations) });
    database.close();
  });
});

describe("every table of the schema", () => {
  const schema = new DatabaseSync(":memory:");
  migrate(schema, 0, migrations);
  const tables = tablesOf(schema);

  it("is one that exports have, or is left out with a reason", async () => {
    const folder = newFolder();
    await (await openedIn(folder)).close();
    const source = new DatabaseSync(join(folder, "appliance.db"), { enableForeignKeyConstraints: false });
    for (const table of tables) putRow(source, table);
    expect(source.prepare("PRAGMA foreign_key_check").all()).toEqual([]);
    source.close();
    const path = join(dirname(folder), "archive");
    await exportAppliance({ folder, path, now, passphrase: PASSPHRASE });
    const target = newFolder();
    await importAppliance({ folder: target, path, now, who, passphrase: async () => PASSPHRASE });
    const [before, after] = [rowsOf(folder), rowsOf(target)];
    expect(Object.keys(before).sort()).toEqual(tables.filter((table) => !(table in LEFT_OUT)));
    for (const [table, rows] of Object.entries(before)) {
      expect(rows, `the test puts a row into ${table}`).not.toEqual([]);
      // A connection is of the server that has it; a run is of the process that does it.
      if (table !== "devices") expect(after[table], table).toEqual(rows);
    }
    expect(after.devices).toHaveLength(before.devices?.length ?? 0);
    // Whatever is left out with the secrets: nothing that stays belongs to it.
    await exportAppliance({ folder, path: `${path}-without`, now, passphrase: undefined });
    await importAppliance({ folder: newFolder(), path: `${path}-without`, now, who, passphrase: async () => "" });
  });

  it("says of sealed columns that they are left out where secrets are", () => {
    const sealed = tables
      .filter((table) => !(table in SECRET_TABLES))
      .flatMap((table) =>
        columnsOf(schema, table)
          .filter((name) => /sealed|secret|password|fingerprint/.test(name))
          .filter((name) => SECRET_COLUMNS[table]?.includes(name) !== true)
          .map((name) => `${table}.${name}`),
      );
    // That of a host's public key is no secret.
    expect(sealed).toEqual(["host_keys.fingerprint"]);
  });

  it("that is left out has a name that there is", () => {
    for (const table of [...Object.keys(LEFT_OUT), ...Object.keys(SECRET_TABLES)]) expect(tables).toContain(table);
  });
});

/** Puts a row into a table, with texts and numbers that fit together: a column has the value of the one it refers to. */
function putRow(database: DatabaseSync, table: string): void {
  const columns = database.prepare("SELECT name, type FROM pragma_table_info(?)").all(table);
  const names = columns.map(({ name }) => `"${String(name)}"`).join(", ");
  const values = columns.map(({ name, type }) => cellOf(database, table, String(name), String(type)));
  const marks = values.map(() => "?").join(", ");
  database.prepare(`INSERT OR REPLACE INTO "${table}" (${names}) VALUES (${marks})`).run(...values);
}

function cellOf(database: DatabaseSync, table: string, column: string, type: string): string | number | Uint8Array {
  if (table === "meta") return column === "key" ? "something" : "else";
  if (type === "INTEGER" || type === "REAL") return 1;
  if (type === "BLOB") return new Uint8Array([0, 255, 10, 13]);
  const reference = database
    .prepare('SELECT "table" AS parent, "to" AS at FROM pragma_foreign_key_list(?) WHERE "from" = ?')
    .get(table, column);
  if (reference === undefined) return column === "state" ? "finished" : `${table}.${column}`;
  return cellOf(database, String(reference.parent), String(reference.at), type);
}
