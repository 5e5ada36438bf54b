import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { checkPrivateKey, readPrivateKey } from "../../provider/machines/ssh/private-key.ts";
import { makeKey, temporaryFolder } from "./sshd.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const ed25519 = makeKey(folder, "ed25519", "ed25519");
const rsa = makeKey(folder, "rsa", "rsa");
const ecdsa = makeKey(folder, "ecdsa", "ecdsa");
const encrypted = makeKey(folder, "encrypted", "ed25519", "open sesame");

/** A key as another tool writes it. */
function pem(
  type: "rsa" | "ec" | "ed25519" | "ed448" | "x25519",
  format: "pkcs1" | "sec1" | "pkcs8",
  passphrase?: string,
): string {
  const { privateKey } =
    type === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : type === "ec"
        ? generateKeyPairSync("ec", { namedCurve: "P-256" })
        : type === "ed25519"
          ? generateKeyPairSync("ed25519")
          : type === "ed448"
            ? generateKeyPairSync("ed448")
            : generateKeyPairSync("x25519");
  return privateKey
    .export({ type: format, format: "pem", ...(passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase }) })
    .toString();
}

describe("a private key", () => {
  test.each<[string, () => string, string?]>([
    ["Ed25519 of OpenSSH", () => ed25519.privateKey],
    ["RSA of OpenSSH", () => rsa.privateKey],
    ["ECDSA of OpenSSH", () => ecdsa.privateKey],
    ["encrypted of OpenSSH", () => encrypted.privateKey, "open sesame"],
    ["with Windows line ends", () => ed25519.privateKey.replaceAll("\n", "\r\n")],
    ["without its last line end", () => ed25519.privateKey.trimEnd()],
    ["with a passphrase that it does not need", () => ed25519.privateKey, "unused"],
    ["RSA in PKCS#1", () => pem("rsa", "pkcs1")],
    ["RSA in PKCS#1, encrypted", () => pem("rsa", "pkcs1", "open sesame"), "open sesame"],
    ["EC in SEC 1", () => pem("ec", "sec1")],
    ["RSA in PKCS#8", () => pem("rsa", "pkcs8")],
    ["EC in PKCS#8", () => pem("ec", "pkcs8")],
    ["Ed25519 in PKCS#8", () => pem("ed25519", "pkcs8")],
    ["Ed25519 in PKCS#8, encrypted", () => pem("ed25519", "pkcs8", "open sesame"), "open sesame"],
  ])("can be used: %s", async (_, text, passphrase) => {
    const key = text();
    expect(await checkPrivateKey(key, passphrase)).toBeUndefined();
    const read = await readPrivateKey(key, passphrase);
    if ("fault" in read) throw new Error(read.message);
    expect(read.verify("data", read.sign("data"))).toBe(true);
  });

  test.each<[string, () => string, string | undefined, string, unknown]>([
    [
      "text",
      () => "hello",
      undefined,
      "not-a-key",
      expect.stringContaining("it is not a private key: give the text of its file"),
    ],
    [
      "nothing",
      () => "",
      undefined,
      "not-a-key",
      expect.stringContaining("it is not a private key: give the text of its file"),
    ],
    ["a public key", () => ed25519.publicKey, undefined, "not-a-key", "it is a public key, not a private key"],
    [
      "a damaged key",
      () => ed25519.privateKey.replace(/\n[^\n]+\n/, "\n"),
      undefined,
      "not-a-key",
      expect.stringContaining("it is not a private key: give the text of its file"),
    ],
    [
      "a damaged PKCS#8",
      () => "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
      undefined,
      "not-a-key",
      expect.stringContaining("it is not a private key: give the text of its file"),
    ],
    [
      "no passphrase",
      () => encrypted.privateKey,
      undefined,
      "needs-passphrase",
      "the private key is encrypted and needs a passphrase",
    ],
    [
      "no passphrase for PKCS#1",
      () => pem("rsa", "pkcs1", "x1x1"),
      undefined,
      "needs-passphrase",
      "the private key is encrypted and needs a passphrase",
    ],
    [
      "no passphrase for PKCS#8",
      () => pem("rsa", "pkcs8", "x1x1"),
      undefined,
      "needs-passphrase",
      "the private key is encrypted and needs a passphrase",
    ],
    [
      "another passphrase",
      () => encrypted.privateKey,
      "wrong",
      "wrong-passphrase",
      "the passphrase of the private key is wrong",
    ],
    [
      "another passphrase for PKCS#1",
      () => pem("rsa", "pkcs1", "x1x1"),
      "wrong",
      "wrong-passphrase",
      "the passphrase of the private key is wrong",
    ],
    [
      "another passphrase for PKCS#8",
      () => pem("ed25519", "pkcs8", "x1x1"),
      "wrong",
      "wrong-passphrase",
      "the passphrase of the private key is wrong",
    ],
    [
      "a type for other purposes",
      () => pem("x25519", "pkcs8"),
      undefined,
      "unusable-type",
      "a private key of type x25519 cannot be used",
    ],
    [
      "a type that is not known",
      () => pem("ed448", "pkcs8"),
      undefined,
      "unusable-type",
      "a private key of type ed448 cannot be used",
    ],
  ])("cannot be used: %s", async (_, text, passphrase, fault, message) => {
    expect(await checkPrivateKey(text(), passphrase)).toEqual({ fault, message });
  });

  test("of a token that must be touched is named by its type", async () => {
    // The head of such a key: its public half, with which the type shows.
    const name = Buffer.from("sk-ssh-ed25519@openssh.com");
    const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
    const none = field(Buffer.from("none"));
    const publicHalf = Buffer.concat([field(name), field(Buffer.alloc(32)), field(Buffer.from("ssh:"))]);
    const privateHalf = Buffer.concat([Buffer.alloc(8), publicHalf, Buffer.from([1]), Buffer.alloc(40)]);
    const bytes = [
      Buffer.from("openssh-key-v1\0"),
      none,
      none,
      Buffer.alloc(4),
      Buffer.from([0, 0, 0, 1]),
      field(publicHalf),
      field(privateHalf),
    ];
    const text = `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.concat(bytes).toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
    expect(await checkPrivateKey(text)).toEqual({
      fault: "unusable-type",
      message: "a private key of type sk-ssh-ed25519@openssh.com cannot be used",
    });
  });

  test("is read once for all machines that use it", async () => {
    expect(await readPrivateKey(rsa.privateKey)).toBe(await readPrivateKey(rsa.privateKey));
    expect(await readPrivateKey(rsa.privateKey, "x")).not.toBe(await readPrivateKey(rsa.privateKey));
  });

  test("in PKCS#8 is the same key for OpenSSH", async () => {
    const text = pem("ed25519", "pkcs8");
    const read = await readPrivateKey(text);
    if ("fault" in read) throw new Error(read.message);
    const { writeFileSync } = await import("node:fs");
    const path = join(folder, "converted");
    writeFileSync(path, text, { mode: 0o600 });
    const openssl = execFileSync("openssl", ["pkey", "-in", path, "-pubout", "-outform", "DER"]);
    expect(openssl.subarray(-32).equals(read.getPublicSSH().subarray(-32))).toBe(true);
    expect(readFileSync(path, "utf8")).toBe(text);
  });
});
