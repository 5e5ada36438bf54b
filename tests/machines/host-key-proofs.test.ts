import { rmSync } from "node:fs";
import ssh2 from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { forgoHostKeyProofs } from "../../provider/machines/ssh/host-key-proofs.ts";
import { LOGIN, makeKey, Sshd, temporaryFolder } from "./sshd.ts";

const folder = temporaryFolder();
const key = makeKey(folder, "log-in", "ed25519");
let sshd: Sshd;

beforeAll(async () => {
  sshd = await Sshd.start({ authorizedKeys: [key.publicKey] });
});
afterAll(() => {
  sshd?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Logs in and runs a command: how many of the server's host keys were proved until it ended. */
async function provedKeys(prepare: (client: ssh2.Client) => void): Promise<number> {
  const client = new ssh2.Client();
  let proved = 0;
  client.on("hostkeys", (keys) => {
    proved += keys.length;
  });
  await new Promise<void>((resolve, reject) => {
    client.once("ready", resolve).once("error", reject);
    client.connect({ host: "127.0.0.1", port: sshd.port, username: LOGIN, privateKey: key.privateKey });
    prepare(client);
  });
  await new Promise<void>((resolve, reject) => {
    client.exec("true", (error, channel) => {
      if (error !== undefined) reject(error);
      else channel.once("close", resolve).resume();
    });
  });
  client.end();
  return proved;
}

test("a server is not asked to prove the host keys that the connection is not about", async () => {
  expect(await provedKeys(() => undefined)).toBe(2);
  expect(await provedKeys(forgoHostKeyProofs)).toBe(0);
});

test("a client of another version is left as it is", () => {
  expect(() => forgoHostKeyProofs(new ssh2.Client())).not.toThrow();
});
