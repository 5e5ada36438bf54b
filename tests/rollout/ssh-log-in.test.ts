import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type SshLogIn, sshOptionsFor } from "../../provider/rollout/ssh-log-in.ts";

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

function dial(port: number, addresses: readonly string[], signal: AbortSignal) {
  const logIn: SshLogIn = {
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
  const answered: string[] = [];
  const pins = { known: () => [], pin: async () => undefined };
  const onAnswer = (address: string) => {
    answered.push(address);
  };
  const options = sshOptionsFor(logIn, pins, { host: "web01", addresses, signal, onAnswer });
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
