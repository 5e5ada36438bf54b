import { rmSync } from "node:fs";
import { createServer } from "node:net";
import ssh2, { type ServerChannel } from "ssh2";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { connectSsh } from "../../provider/machines/ssh/connect.ts";
import { makeKey, temporaryFolder } from "./sshd.ts";

const folder = temporaryFolder();
const hostKey = makeKey(folder, "host", "ed25519");
afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How long the end of a channel may take after the end of its command. */
const GRACE_MS = 5_000;

/** Answers a script as its reader would, and ends the command right after it, as sshd does. */
function answer(channel: ServerChannel): void {
  channel.write("kace~begin 1\n");
  channel.stderr.write("kace~begin 1\n");
  channel.once("data", (chunk: Buffer) => {
    const [, nonce] = chunk.toString("latin1").split("\n", 1)[0]?.split(" ") ?? [];
    channel.write(`kace~end ${nonce} 0\n`);
    channel.stderr.write(`kace~end ${nonce} 0\n`);
    channel.exit(0);
    channel.end();
  });
}

test("a script that has ended leaves no timer that would hold what it sent", async () => {
  const ssh = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (client) => {
    client.on("authentication", (context) => context.accept());
    client.on("error", () => client.end());
    client.on("session", (accept) => {
      accept().on("exec", (begin) => answer(begin()));
    });
  });
  const listener = createServer((socket) => ssh.injectSocket(socket));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const machine = await connectSsh({
    host: "127.0.0.1",
    port: address.port,
    username: "someone",
    credentials: { password: "right" },
    hostKeys: { mode: "pinned", keys: [hostKey.publicKey] },
    connectTimeoutMs: 60_000,
    authTimeoutMs: 60_000,
  });

  const begun = vi.spyOn(globalThis, "setTimeout");
  const stopped = vi.spyOn(globalThis, "clearTimeout");
  // What the first command says at its end has come before the second begins: they share a connection.
  for (let run = 0; run < 2; run += 1) {
    await expect(machine.runScript({ script: "true" })).resolves.toMatchObject({ exitCode: 0 });
  }
  await machine.close();
  await new Promise((resolve) => listener.close(resolve));

  const cleared = new Set(stopped.mock.calls.map(([timer]) => timer));
  const left = begun.mock.calls.filter(
    ([, delayMs], index) => delayMs === GRACE_MS && !cleared.has(begun.mock.results[index]?.value),
  );
  expect(left).toEqual([]);
});
