import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { keysFrom } from "../../../provider/appliance/local/keys.ts";
import { newFolder, openedIn } from "./folders.ts";

function filesOf(folder: string): { readonly name: string; readonly bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(folder, name)).isFile())
    .map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
}

describe("the secrets of a local appliance", () => {
  it("are in none of its files in plain text, while it is open and after", async () => {
    const folder = newFolder();
    const appliance = await openedIn(folder);
    const adopted = "canary-adopted-5f1d7a";
    const { id, value: minted } = await appliance.createToken({ name: "minted" });
    const { id: other } = await appliance.createToken({ name: "adopted", value: adopted });
    const { value: rotated } = await appliance.rotateToken({ id, overlapUntil: "2999-01-01T00:00:00Z" });
    await appliance.rotateToken({ id: other, value: "canary-second-99aa01" });
    const api = await appliance.createApiToken({ name: "pipeline" });
    const secrets = [adopted, minted, rotated, "canary-second-99aa01", api.value];
    const found = () =>
      filesOf(folder).flatMap(({ name, bytes }) => secrets.filter((secret) => bytes.includes(secret)).map(() => name));
    expect(filesOf(folder).map(({ name }) => name)).toContain("appliance.db-wal");
    expect(found()).toEqual([]);
    await appliance.close();
    expect(found()).toEqual([]);
    const database = filesOf(folder).find(({ name }) => name === "appliance.db");
    const key = filesOf(folder).find(({ name }) => name === "secrets.key");
    expect(database?.bytes.includes("minted")).toBe(true);
    expect(key?.bytes.length).toBeGreaterThan(32);
    expect(database?.bytes.includes(String(key?.bytes).trim())).toBe(false);
  });

  it.skipIf(process.platform === "win32")("and its database may be read by their owner only", async () => {
    const folder = newFolder();
    const appliance = await openedIn(folder);
    await appliance.createToken({ name: "t" });
    const modes = Object.fromEntries(
      [".", ...readdirSync(folder)].map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]),
    );
    expect(modes).toEqual({
      ".": "700",
      "appliance.db": "600",
      "appliance.db-shm": "600",
      "appliance.db-wal": "600",
      "secrets.key": "600",
    });
  });

  it("cannot be moved to another place, nor be read with another key", () => {
    const keys = keysFrom(Buffer.alloc(32, 1));
    const sealed = keys.seal("secret", "token 1");
    expect(keys.unseal(sealed, "token 1")).toBe("secret");
    expect(keys.seal("secret", "token 1")).not.toBe(sealed);
    expect(() => keys.unseal(sealed, "token 2")).toThrow(/cannot be decrypted/);
    expect(() => keysFrom(Buffer.alloc(32, 2)).unseal(sealed, "token 1")).toThrow(/cannot be decrypted/);
    expect(() => keys.unseal("v1.AAAA", "token 1")).toThrow(/cannot be decrypted/);
    expect(keys.fingerprint("value", "a")).toBe(keysFrom(Buffer.alloc(32, 1)).fingerprint("value", "a"));
    expect(keys.fingerprint("value", "a")).not.toBe(keys.fingerprint("value", "b"));
  });
});
