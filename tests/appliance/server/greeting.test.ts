import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Greeting } from "../../../provider/appliance/server/greeting.ts";

const LIMITS = { perAddress: 3, total: 5, withinMs: 1_000 };

describe("connections that have not said who they are", () => {
  let server: Server;
  let port: number;
  let now: number;
  let greeting: Greeting;
  const clients: Socket[] = [];

  beforeEach(async () => {
    now = 0;
    greeting = new Greeting(LIMITS, () => now);
    server = createServer((socket) => greeting.add(socket)).listen(0, "0.0.0.0");
    await once(server, "listening");
    const address = server.address();
    port = typeof address === "object" && address !== null ? address.port : 0;
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
    server.close();
  });

  /** Connects from an address of the loopback network and waits until the server has taken the connection. */
  async function open(from = "127.0.0.1"): Promise<{ client: Socket; server: Socket; ended: Promise<unknown> }> {
    const taken = once(server, "connection");
    const client = connect({ port, host: "127.0.0.1", localAddress: from });
    clients.push(client);
    client.on("error", () => client.destroy());
    const ended = once(client, "close");
    client.resume();
    const [socket] = await taken;
    return { client, server: socket, ended };
  }

  it("beyond the limit of an address, the oldest is ended and the newest served", async () => {
    const first = await open();
    const others = [await open(), await open(), await open()];
    await first.ended;
    expect(others.map(({ server: { destroyed } }) => destroyed)).toEqual([false, false, false]);
    expect(greeting.size).toBe(3);
  });

  it("of one address do not count for another", async () => {
    const mine = await open("127.0.0.2");
    for (let count = 0; count < 4; count++) await open();
    expect(mine.server.destroyed).toBe(false);
  });

  it("beyond the limit of all, the oldest is ended", async () => {
    const first = await open("127.0.0.2");
    for (const from of ["127.0.0.2", "127.0.0.3", "127.0.0.3", "127.0.0.4", "127.0.0.4"]) await open(from);
    await first.ended;
    expect(greeting.size).toBe(5);
  });

  it("no longer count once they have", async () => {
    const known = await open();
    greeting.greeted(known.server);
    for (let count = 0; count < 5; count++) await open();
    expect(known.server.destroyed).toBe(false);
    expect(greeting.size).toBe(3);
  });

  it("no longer count once they are closed", async () => {
    const { client, server: socket } = await open();
    const closed = once(socket, "close");
    client.destroy();
    await closed;
    expect(greeting.size).toBe(0);
  });

  it("are ended when their time is over, and only then", async () => {
    const early = await open();
    now = 600;
    const late = await open();
    greeting.sweep();
    expect(early.server.destroyed).toBe(false);
    now = 1_000;
    greeting.sweep();
    await early.ended;
    expect(late.server.destroyed).toBe(false);
  });
});
