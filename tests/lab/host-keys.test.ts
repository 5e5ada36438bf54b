import ssh2 from "ssh2";
import { expect, test } from "vitest";
import { makeEd25519 } from "../../examples/lab/host-keys.ts";

test("a host key made here is one to another implementation, whatever bytes it happens to have", () => {
  // Many, because a fault in how numbers are written shows in one key of hundreds.
  for (let made = 0; made < 2_000; made++) {
    const { privateKey, publicLine } = makeEd25519();
    const key = ssh2.utils.parseKey(privateKey);
    if (key instanceof Error) throw key;
    expect(`${key.type} ${key.getPublicSSH().toString("base64")}`).toBe(publicLine);
    const signature = key.sign("text");
    if (signature instanceof Error) throw signature;
    expect(key.verify("text", signature)).toBe(true);
  }
});
