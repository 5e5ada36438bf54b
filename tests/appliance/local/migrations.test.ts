import { describe, expect, it } from "vitest";
import { migrations, newest } from "../../../provider/appliance/local/migrations.ts";
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

  it("are shown to a preview through a copy, and the database stays as it is", async () => {
    const folder = await used();
    const before = listing(folder);
    const preview = await openedIn(folder, { readOnly: true, migrations: [...migrations, renaming] });
    const { tokens } = await preview.listTokens({});
    expect(tokens.map(({ name }) => name)).toEqual(["berlin (migrated)"]);
    expect((await preview.getToken({ id: tokens[0]?.id ?? "" })).value).toHaveLength(54);
    expect(listing(folder)).toEqual(before);
  });

  it("are done whole or not at all", async () => {
    const folder = await used();
    await expect(openedIn(folder, { migrations: [...migrations, failing] })).rejects.toThrow(/no_such_table/);
    const appliance = await openedIn(folder);
    expect((await appliance.listTokens({})).tokens.map(({ name }) => name)).toEqual(["berlin"]);
  });
});
