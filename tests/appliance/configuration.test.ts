import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { databaseFolder, openAppliance, parseEndpoint } from "../../provider/appliance/configuration.ts";
import { ApplianceError } from "../../provider/appliance/errors.ts";
import { defaultFolder } from "../../provider/appliance/local/folder.ts";
import { inOrganization } from "../../provider/appliance/organization.ts";
import { readingOnly } from "../../provider/appliance/reading-only.ts";
import { newFolder, openedIn, refusal } from "./local/folders.ts";

const linux = { platform: "linux", env: {}, home: "/home/ann" } as const;

describe("the endpoint of the configuration", () => {
  it.each([
    ["local", { kind: "local" }],
    ["", { kind: "local" }],
    ["https://kbox.corp.example", { kind: "remote", url: "https://kbox.corp.example:443" }],
    ["https://kbox.corp.example:8443/", { kind: "remote", url: "https://kbox.corp.example:8443" }],
    ["https://[fd00::1]:8443", { kind: "remote", url: "https://[fd00::1]:8443" }],
  ])("%j is %j", (text, endpoint) => {
    expect(parseEndpoint(text)).toEqual(endpoint);
  });

  it.each([
    ["http://kbox", "invalid", "not encrypted"],
    ["kbox.corp.example", "invalid", "no endpoint"],
    ["ftp://kbox", "invalid", "no endpoint"],
    ["https://ann:secret@kbox", "invalid", "apiToken"],
    ["https://kbox/api", "invalid", "nothing after"],
    ["sma+https://kbox", "unsupported", "yet"],
  ])("%j is refused", (text, code, words) => {
    const thrown = (() => {
      try {
        return parseEndpoint(text);
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(ApplianceError);
    expect(thrown).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(String(thrown)).not.toContain("secret@");
  });
});

describe("the folder of the local appliance", () => {
  it.each([
    [{ ...linux }, "/home/ann/.local/share/pulumi-kace"],
    [{ ...linux, env: { XDG_DATA_HOME: "/data" } }, "/data/pulumi-kace"],
    [{ ...linux, env: { XDG_DATA_HOME: "data" } }, "/home/ann/.local/share/pulumi-kace"],
    [{ ...linux, platform: "darwin" as const }, "/home/ann/Library/Application Support/pulumi-kace"],
    [
      { platform: "win32" as const, env: { LOCALAPPDATA: "D:\\Local" }, home: "C:\\Users\\ann" },
      "D:\\Local\\pulumi-kace",
    ],
    [{ platform: "win32" as const, env: {}, home: "C:\\Users\\ann" }, "C:\\Users\\ann\\AppData\\Local\\pulumi-kace"],
  ])("of %j is %s", (surroundings, folder) => {
    expect(defaultFolder(surroundings)).toBe(folder);
  });

  it("is what the configuration says, and must be a whole path", () => {
    expect(databaseFolder(undefined, linux)).toBe("/home/ann/.local/share/pulumi-kace");
    expect(databaseFolder("/srv/../srv/kace", linux)).toBe("/srv/kace");
    expect(databaseFolder("~/kace", linux)).toBe("/home/ann/kace");
    expect(() => databaseFolder("kace", linux)).toThrow(/"kace" is relative/);
  });
});

describe("opening the appliance of a configuration", () => {
  it("opens the local one in its folder, in the organization that is meant", async () => {
    const database = newFolder();
    const appliance = await openAppliance({ endpoint: "local", database, who: "ann@laptop" });
    await appliance.createToken({ name: "t" });
    await appliance.close();
    const preview = await openAppliance({ database, organization: "berlin", readOnly: true });
    expect((await refusal(preview.listTokens({}))).message).toContain('no organization "berlin"');
    expect((await preview.listTokens({ organization: "default" })).tokens).toHaveLength(1);
    expect((await refusal(preview.createToken({ name: "u" }))).code).toBe("read-only");
  });

  it("asks for an API token before anything is sent to a remote one", async () => {
    const { code, hint } = await refusal(openAppliance({ endpoint: "https://127.0.0.1:1" }));
    expect(code).toBe("unauthenticated");
    expect(hint).toContain("apiToken");
  });

  it("refuses a relative folder before anything is made", async () => {
    expect((await refusal(openAppliance({ database: join("relative", "folder") }))).code).toBe("invalid");
  });
});

describe("an appliance that is made to read only, or to mean an organization", () => {
  it("refuses what writes and answers what reads", async () => {
    const appliance = await openedIn(newFolder());
    const reading = readingOnly(appliance);
    expect((await refusal(reading.createToken({ name: "t" }))).code).toBe("read-only");
    expect((await reading.listTokens({})).tokens).toEqual([]);
  });

  it("says the organization where it is left out, and only there", async () => {
    const appliance = await openedIn(newFolder());
    const elsewhere = inOrganization(appliance, "berlin");
    expect((await refusal(elsewhere.createToken({ name: "t" }))).code).toBe("not-found");
    await elsewhere.createToken({ name: "t", organization: "default" });
    expect((await elsewhere.listOrganizations({})).organizations).toHaveLength(1);
    expect((await refusal(elsewhere.listTokens({ organization: undefined }))).message).toContain('"berlin"');
  });
});
