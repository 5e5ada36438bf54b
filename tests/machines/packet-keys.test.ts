import { createHash, KeyObject } from "node:crypto";
import ssh2 from "ssh2";
import { describe, expect, onTestFinished, test } from "vitest";
import { connectSsh } from "../../provider/machines/ssh/connect.ts";
import { prepareKeys } from "../../provider/machines/ssh/packet-keys.ts";
import { makeKey, Sshd, temporaryFolder } from "./sshd.ts";

const key = makeKey(temporaryFolder(), "log-in", "ed25519");

describe("the keys of a connection", () => {
  test.each([
    ["aes128-gcm@openssh.com", []],
    ["aes256-gcm@openssh.com", []],
    ["aes128-ctr", ["MACs hmac-sha2-256-etm@openssh.com"]],
    ["aes256-ctr", ["MACs hmac-sha2-512"]],
    ["chacha20-poly1305@openssh.com", []],
  ])("are right for %s, also after they were agreed on anew", async (cipher, others) => {
    const sshd = await Sshd.start({
      authorizedKeys: [key.publicKey],
      extra: [`Ciphers ${cipher}`, "RekeyLimit 256K", ...others],
    });
    onTestFinished(() => sshd.stop());
    const content = Buffer.alloc(1_500_000, "it's ");
    const sha256 = createHash("sha256").update(content).digest("hex");
    const machine = await connectSsh(sshd.options({ privateKey: key.privateKey }));
    onTestFinished(() => machine.close());
    const payload = {
      sizeBytes: content.length,
      sha256,
      async *open() {
        for (let at = 0; at < content.length; at += 65_536) yield content.subarray(at, at + 65_536);
      },
    };
    const ended = await machine.runScript({ script: "tee /dev/stderr | sha256sum", payload });
    expect(ended.stdout).toBe(`${sha256}  -\n`);
    expect(ended.exitCode).toBe(0);
  });

  test("are key objects where the library keeps bytes, and nothing else is touched", () => {
    const protocol = {
      _cipher: { _encKey: Buffer.alloc(16, 1), _macKey: undefined },
      _decipher: { _decipherKey: Buffer.alloc(16, 2), other: Buffer.alloc(1) },
    };
    prepareKeys(Object.assign(new ssh2.Client(), { _protocol: protocol }));
    expect(protocol._cipher._encKey).toBeInstanceOf(KeyObject);
    expect(protocol._decipher._decipherKey).toBeInstanceOf(KeyObject);
    expect(protocol).toMatchObject({ _cipher: { _macKey: undefined }, _decipher: { other: Buffer.alloc(1) } });
    prepareKeys(new ssh2.Client());
  });
});
