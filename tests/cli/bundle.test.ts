import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runKace } from "../../provider/cli/program.ts";

const DEB = "ampagent-14.1.19.ubuntu.64.deb";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kace-bundle-"));
  await writeFile(join(folder, DEB), "a package");
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  await writeFile(join(folder, "key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
  await writeFile(join(folder, "key.pub"), publicKey.export({ type: "spki", format: "pem" }));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function kace(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const exitCode = await runKace(["bundle", ...args], {
    terminal: { out: (text) => void out.push(text), err: (text) => void err.push(text) },
    environment: {},
    signal: new AbortController().signal,
  });
  return { exitCode, out: out.join("\n"), err: err.join("\n") };
}

const at = (name: string) => join(folder, name);

async function packedAt(name: string): Promise<string> {
  await kace("pack", at(DEB), "--out", at(name), "--sign", at("key.pem"));
  return at(name);
}

describe("kace bundle", () => {
  it("packs packages, and proves the archive by what it printed", async () => {
    const packed = await kace("pack", at(DEB), "--out", at("agents.kbin"));
    expect(packed).toMatchObject({ exitCode: 0, err: "" });
    const [sha256 = ""] = packed.out.split(" ");
    const verified = await kace("verify", at("agents.kbin"), "--sha256", sha256);
    expect(verified.exitCode).toBe(0);
    expect(verified.out).toContain(DEB);
    expect(await kace("verify", at("agents.kbin"), "--sha256", "0".repeat(64))).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("not the file that was meant"),
    });
  });

  it("signs an archive, and proves it by the public key", async () => {
    await kace("pack", at(DEB), "--out", at("agents.kbin"), "--sign", at("key.pem"));
    expect(await kace("verify", at("agents.kbin"), "--public-key", at("key.pub"))).toMatchObject({ exitCode: 0 });
    const unsigned = await kace("pack", at(DEB), "--out", at("unsigned.kbin"));
    expect(unsigned.exitCode).toBe(0);
    const refused = await kace("verify", at("unsigned.kbin"), "--public-key", at("key.pub"));
    expect(refused).toMatchObject({ exitCode: 2, err: expect.stringContaining("is not signed") });
  });

  it("says what is wrong: nothing to prove by, no such file, a key that is none", async () => {
    await writeFile(at("bad.pem"), "secret-canary");
    await writeFile(at("cut.kbin"), (await readFile(await packedAt("whole.kbin"))).subarray(0, 100));
    expect(await kace("verify", at("agents.kbin"))).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("nothing proves the archive"),
    });
    const cases: readonly (readonly [readonly string[], string])[] = [
      [["verify", at("none.kbin"), "--sha256", "0".repeat(64)], "there is no file"],
      [["verify", at("cut.kbin"), "--public-key", at("key.pub")], `${at("cut.kbin")} is no archive`],
      [["pack", at(DEB), at(DEB), "--out", at("a.kbin")], "these files cannot be packed"],
      [["pack", at("none.deb"), "--out", at("a.kbin")], `the package: there is no file ${at("none.deb")}`],
      [["pack", at(DEB), "--out", at("a.kbin"), "--sign", at("bad.pem")], "holds no Ed25519 private key"],
      [["pack", at(DEB), "--out", at("a.kbin"), "--sign", at("key.pub")], "holds no Ed25519 private key"],
    ];
    for (const [args, message] of cases) {
      const { exitCode, err } = await kace(...args);
      expect({ exitCode, err }).toEqual({ exitCode: 2, err: expect.stringContaining(message) });
      expect(err).not.toContain("secret-canary");
    }
  });
});
