import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fill } from "./filled.ts";
import { kaceIn } from "./local-kace.ts";

const root = mkdtempSync(join(tmpdir(), "kace-files-"));
const folder = join(root, "appliance");
const at = (name: string) => join(root, name);

beforeAll(async () => {
  mkdirSync(at("a-folder"), { recursive: true });
  writeFileSync(at("text"), "secret-canary\n", { mode: 0o600 });
  await fill(folder);
});

afterAll(() => rmSync(root, { recursive: true }));

const SHA256 = "0".repeat(64);
const LOG_IN = ["check", "127.0.0.1", "--user", "nobody"];

/** What a command line is with a file in the place of `FILE`. */
const given = (words: readonly string[], file: string) => words.map((word) => (word === "FILE" ? file : word));

describe("a file that a command names", () => {
  it.each<[string, readonly string[]]>([
    ["--ca-certificate or KACE_CA_CERTIFICATE", ["--ca-certificate", "FILE", "devices", "list"]],
    ["--token-file", ["diagnose", "web01", "--server", "127.0.0.1", "--token-file", "FILE"]],
    ["--token-file", ["installer", "--token-file", "FILE"]],
    ["--key-file", [...LOG_IN, "--key-file", "FILE"]],
    ["--password-file", [...LOG_IN, "--password-file", "FILE"]],
    ["--become-password-file", [...LOG_IN, "--agent-socket", "/none", "--become-password-file", "FILE"]],
    ["the script", ["script", "run", "FILE", "--all"]],
    ["the package", ["bundle", "pack", "FILE", "--out", at("made.kbin")]],
    ["--sign", ["bundle", "pack", at("text"), "--out", at("made.kbin"), "--sign", "FILE"]],
    ["the archive", ["bundle", "verify", "FILE", "--sha256", SHA256]],
    ["--public-key", ["bundle", "verify", at("text"), "--public-key", "FILE"]],
    ["--public-key", ["bundle", "source", "--public-key", "FILE"]],
    ["--source-ca", ["bundle", "source", "--source-ca", "FILE"]],
    ["--passphrase-file", ["export", at("made.export"), "--passphrase-file", "FILE"]],
    ["the backup", ["restore", "FILE"]],
    ["the export", ["import", "FILE"]],
    ["--certificate", ["serve", "--certificate", "FILE", "--key", at("text")]],
    ["--key", ["serve", "--certificate", at("text"), "--key", "FILE"]],
    ["--next-authority", ["serve", "--certificate", at("text"), "--key", at("text"), "--next-authority", "FILE"]],
  ])("by %s of %j is said to be missing or a folder, and how to repair it", async (word, words) => {
    expect(await kaceIn(folder, ...given(words, at("none")))).toEqual({
      exitCode: 2,
      out: "",
      err: `kace: ${word}: there is no file ${at("none")}\n  check the path`,
    });
    expect(await kaceIn(folder, ...given(words, at("a-folder")))).toEqual({
      exitCode: 2,
      out: "",
      err: `kace: ${word}: ${at("a-folder")} is a folder\n  give a file that is in it`,
    });
  });

  it.each<[readonly string[], string]>([
    [["--ca-certificate", "FILE", "devices", "list"], "holds no certificate"],
    [["bundle", "source", "--source-ca", "FILE"], "holds no certificate"],
    [["bundle", "source", "--public-key", "FILE"], "holds no Ed25519 public key in PEM form"],
    [["bundle", "pack", at("text"), "--out", at("made.kbin"), "--sign", "FILE"], "holds no Ed25519 private key"],
    [["serve", "--certificate", "FILE", "--key", "FILE"], "holds no certificate"],
    [["restore", "FILE"], "is no backup of an appliance"],
    [["import", "FILE"], "is no export of an appliance"],
  ])("and is none of these is refused by %j, and not shown", async (words, sentence) => {
    const { exitCode, out, err } = await kaceIn(folder, ...given(words, at("text")));
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
    expect(err).toContain(`${at("text")} ${sentence}`);
    expect(err).not.toContain("secret-canary");
  });

  it.each<[string, readonly string[]]>([
    ["the backup", ["backup"]],
    ["the export", ["export", "--without-secrets"]],
    ["--out", ["bundle", "pack", at("text"), "--out"]],
  ])("and is to be made (%s) needs a folder that is there", async (word, words) => {
    const { exitCode, err } = await kaceIn(folder, ...words, at("none/made"));
    expect({ exitCode, err }).toEqual({
      exitCode: 2,
      err: `kace: ${word}: there is no folder ${at("none")}\n  check the path`,
    });
  });
});
