import { once } from "node:events";
import { rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { HostKey } from "../../provider/machines/machine.ts";
import { jumpsOf, type SshLogIn, sshOptionsFor } from "../../provider/rollout/ssh-log-in.ts";
import { LOGIN, makeKey, Sshd, temporaryFolder } from "../machines/sshd.ts";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A port on an address of the loopback network that accepts connections and ends them. */
async function listen(address: string): Promise<number> {
  const server = createServer((socket) => socket.end());
  servers.push(server);
  server.listen(0, address);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function logInAt(port: number): SshLogIn {
  return {
    username: "root",
    credentials: {},
    port,
    become: { method: "none" },
    hostKeys: { policy: "insecure" },
    jumpHosts: [],
    requiredPorts: [],
    portTimeoutMs: 25_000,
    bypassPortCheck: false,
    connectTimeoutMs: 25_000,
    authTimeoutMs: 25_000,
    commandTimeoutMs: 25_000,
  };
}

function dial(port: number, addresses: readonly string[], signal: AbortSignal) {
  const logIn = logInAt(port);
  const answered: string[] = [];
  const pins = { known: () => [], pin: async () => undefined };
  const onAnswer = (address: string) => {
    answered.push(address);
  };
  const options = sshOptionsFor(logIn, pins, { host: "web01", addresses, jumps: undefined, signal, onAnswer });
  if (options.dial === undefined) throw new Error("a machine without jump hosts is dialled by us");
  return { dialling: options.dial("web01", port, signal), answered };
}

describe("a machine with several addresses", () => {
  const signal = new AbortController().signal;

  it("is reached at the first that answers", async () => {
    const port = await listen("127.0.0.3");
    const { dialling, answered } = dial(port, ["127.0.0.2", "127.0.0.3", "127.0.0.4"], signal);
    (await dialling).destroy();
    expect(answered).toEqual(["127.0.0.3"]);
  });

  it("is closed where all of them refuse", async () => {
    const port = await listen("127.0.0.3");
    const { dialling, answered } = dial(port, ["127.0.0.2", "127.0.0.4"], signal);
    await expect(dialling).rejects.toMatchObject({ code: "port-closed", transient: false });
    expect(answered).toEqual([]);
  });

  it("is not dialled once the run was cancelled", async () => {
    const port = await listen("127.0.0.3");
    const reason = new Error("cancelled");
    const { dialling, answered } = dial(port, ["127.0.0.3"], AbortSignal.abort(reason));
    await expect(dialling).rejects.toBe(reason);
    expect(answered).toEqual([]);
  });
});

describe("the host key of a jump host", () => {
  it("is kept where new ones are accepted, and no other is believed from then on", async () => {
    const folder = temporaryFolder();
    const { privateKey, publicKey } = makeKey(folder, "jump", "ed25519");
    const sshd = await Sshd.start({ authorizedKeys: [publicKey] });
    const signal = new AbortController().signal;
    const kept: { readonly place: string; readonly key: HostKey }[] = [];
    const pins = {
      known: () => kept.map(({ key }) => key),
      pin: async (host: string, port: number, key: HostKey) => {
        kept.push({ place: `${host} ${port}`, key });
      },
    };
    const enter = async (policy: "acceptNew" | "insecure") => {
      const host = { host: "127.0.0.1", port: sshd.port, username: LOGIN, credentials: { privateKey } };
      const logIn = { ...logInAt(22), hostKeys: { policy }, jumpHosts: [host] };
      const passage = await jumpsOf(logIn, pins)?.enter(signal);
      await passage?.leave();
    };
    try {
      await enter("insecure");
      expect(kept).toEqual([]);
      await enter("acceptNew");
      expect(kept.map(({ place, key }) => `${place} ${key.type} ${key.key}`)).toEqual([
        `127.0.0.1 ${sshd.port} ${sshd.hostKeys.ed25519}`,
      ]);
      const other = makeKey(folder, "other", "ed25519").publicKey.split(" ")[1] ?? "";
      kept.splice(0, 1, { place: "another", key: { type: "ssh-ed25519", key: other, fingerprint: "SHA256:other" } });
      await expect(enter("acceptNew")).rejects.toMatchObject({
        code: "host-key-changed",
        message: expect.stringMatching(/^the jump host 127\.0\.0\.1: /),
      });
    } finally {
      sshd.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
