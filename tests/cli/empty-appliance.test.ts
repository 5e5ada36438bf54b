import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createAuthority } from "../../provider/appliance/certificates/issue.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { newFolder } from "../appliance/local/folders.ts";
import { kaceIn } from "./local-kace.ts";

const LISTS: readonly (readonly [list: string, nothing: string])[] = [
  ["config", "there is no configuration: `pulumi up` makes them"],
  ["results", "there are no such results"],
  ["devices", "there is no device: an agent that connects becomes one"],
  ["quarantine", "no device waits in quarantine"],
  ["tokens", "there is no token: an `AgentToken` makes one"],
  ["api-tokens", "there is no API token: `kace api-tokens create` makes one"],
  ["labels", "there is no label: a `Label` makes one"],
  ["tasks", "there are no such tasks"],
  ["queue", "the queue is empty"],
  ["bundle", "there are no bundles"],
  ["hostkeys", "no host key is pinned"],
];

describe("an appliance in which nothing is yet", () => {
  it.each(LISTS)("reads as empty by `kace %s`", async (list, nothing) => {
    const folder = newFolder();
    await (await openLocal({ folder })).close();
    const args = list === "results" ? [list] : [list, "list"];
    expect(await kaceIn(folder, ...args)).toEqual({ exitCode: 0, out: "", err: nothing });
  });
});

const noAppliance = (folder: string, isOfFolders: boolean) => ({
  exitCode: 2,
  out: "",
  err: `kace: there is no appliance in ${folder}\n  name its folder with --database, ${
    isOfFolders
      ? "on the machine that has it"
      : "or its server with --endpoint; `kace serve` makes a new one, and so does the first `pulumi up`"
  }`,
});

describe("a folder without an appliance", () => {
  it.each<[readonly string[]]>([
    ...LISTS.map(([list]): [string[]] => [list === "results" ? [list] : [list, "list"]]),
    [["--json", "devices", "list"]],
    [["devices", "list", "--watch"]],
    [["orgs", "list"]],
    [["history"]],
    [["logs", "web01"]],
    [["diagnose", "web01", "--server", "kbox"]],
    [["installer", "--server", "kbox"]],
    [["authority", "show"]],
    [["policy", "show"]],
    [["policy", "plan"]],
    [["settings", "show"]],
    [["bundle", "source"]],
    [["completion", "names", "devices"]],
    [["backup", "/none/kace.backup"]],
    [["export", "/none/kace.export", "--without-secrets"]],
    [["config", "run", "fleet"]],
    [["devices", "remove", "web01"]],
    [["hostkeys", "forget", "web01"]],
    [["labels", "apply", "office", "web01"]],
    [["queue", "delete", "--all"]],
    [["tasks", "cancel", "task-1"]],
    [["checkin", "--all"]],
    [["alert", "send", "hello", "--all"]],
    [["policy", "set", "--hold", "yes"]],
    [["policy", "resume"]],
    [["policy", "reset"]],
    [["settings", "set", "--splash-text", "hello"]],
    [["settings", "reset"]],
    [["bundle", "source", "--none"]],
    [["bundle", "load", "1.6.0"]],
    [["bundle", "unload", "agents"]],
    [["bundle", "check"]],
    [["authority", "renew"]],
    [["authority", "finish"]],
    [["api-tokens", "delete", "pipeline"]],
    [["orgs", "delete", "berlin"]],
    [["orgs", "describe", "berlin", "The plant"]],
  ])("is named by `kace %j`, with how to get one, and stays as it is", async (args) => {
    const folder = newFolder();
    const refused = noAppliance(folder, ["backup", "export"].includes(args[0] ?? ""));
    const given = args.map((word) => word.replace("/none", join(folder, "..")));
    expect(await kaceIn(folder, ...given)).toEqual(refused);
    expect(existsSync(folder)).toBe(false);
    mkdirSync(folder);
    writeFileSync(join(folder, "notes.txt"), "of somebody");
    expect(await kaceIn(folder, ...given)).toEqual(refused);
    expect(readdirSync(folder)).toEqual(["notes.txt"]);
  });

  it.each([
    [["api-tokens", "create", "pipeline"], "shown once"],
    [["orgs", "create", "berlin"], "made the organization berlin"],
  ])("gets one by `kace %j`, which says so", async (args, remark) => {
    const folder = newFolder();
    const first = await kaceIn(folder, ...args);
    expect(first.exitCode).toBe(0);
    expect(first.err).toContain(`made a new appliance in ${folder}\n`);
    expect(first.err).toContain(remark);
    expect((await kaceIn(folder, args[0] ?? "", "list")).exitCode).toBe(0);
    const again = await kaceIn(folder, args[0] ?? "", "create", "again");
    expect(again.exitCode).toBe(0);
    expect(again.err).not.toContain("a new appliance");
  });

  it.each<[readonly string[], number]>([
    [["api-tokens", "create", ""], 2],
    [["api-tokens", "create", "pipeline", "--expires", "2001-01-01"], 2],
    [["--organization", "none", "api-tokens", "create", "pipeline"], 2],
    [["orgs", "create", "A B"], 2],
    [["orgs", "create", "default"], 1],
  ])("stays as it is where `kace %j` is refused", async (args, exitCode) => {
    const folder = join(newFolder(), "below");
    const refused = await kaceIn(folder, ...args);
    expect(refused.exitCode).toBe(exitCode);
    expect(refused.err).not.toContain("a new appliance");
    expect(existsSync(join(folder, ".."))).toBe(false);
    mkdirSync(folder, { recursive: true });
    expect((await kaceIn(folder, ...args)).exitCode).toBe(exitCode);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each<[readonly string[], string]>([
    [["--certificate", "/none/text", "--key", "/none/text"], "text holds no certificate"],
    [["--certificate", "/none/certificate", "--key", "/none/text"], "text holds no private key"],
    [["--certificate", "/none/certificate", "--key", "/none/other-key"], "other-key does not belong to"],
    [["--certificate", "/none/certificate", "--key", "/none/key", "--name", "web01"], 'is not for "web01"'],
    [["--host", "192.0.2.1"], '"192.0.2.1" is no address of this machine'],
    [["--name", "a b"], "'--name <name>' argument 'a b' is invalid. A server is named by a host name, such as"],
  ])("stays as it is where `kace serve %j` is refused", async (args, sentence) => {
    const files = newFolder();
    const { certificate, key } = await createAuthority({ now: Date.now() });
    const other = await createAuthority({ now: Date.now() });
    mkdirSync(files);
    const written = { certificate, key, "other-key": other.key, text: "damaged" };
    for (const [name, text] of Object.entries(written)) writeFileSync(join(files, name), text, { mode: 0o600 });
    const folder = newFolder();
    const refused = await kaceIn(folder, "serve", ...args.map((word) => word.replace("/none", files)));
    expect(refused).toMatchObject({ exitCode: 2, out: "", err: expect.stringContaining(sentence) });
    expect(existsSync(folder)).toBe(false);
  });

  it("is enough for `kace check`, which is about machines, and is not made by it", async () => {
    const folder = newFolder();
    expect((await kaceIn(folder, "check", "--windows", "127.0.0.1")).out).toContain("127.0.0.1");
    expect(existsSync(folder)).toBe(false);
  });
});
