import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { ConnectAnswer } from "../../../provider/rollout/ports/connect.ts";
import { ConnectThreads, type ConnectThreadsOptions } from "../../../provider/rollout/ports/connect-threads.ts";

const AMPLE_MS = 100_000;

let server: Server;
let openPort = 0;
let closedPort = 0;

function portOf(at: Server): number {
  const address = at.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}

beforeAll(async () => {
  server = createServer((socket) => {
    socket.on("error", () => undefined); // a reset is how the probe hangs up
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  openPort = portOf(server);
  const other = createServer();
  await once(other.listen(0, "127.0.0.1"), "listening");
  closedPort = portOf(other);
  await new Promise((resolve) => other.close(resolve));
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
});

function ask(threads: ConnectThreads, address: string, port: number): Promise<ConnectAnswer> {
  return new Promise((resolve) => {
    threads.connect(address, port, resolve);
  });
}

/** Asks until the threads have taken over. */
async function started(options: ConnectThreadsOptions): Promise<ConnectThreads> {
  const threads = new ConnectThreads(options);
  await vi.waitUntil(
    async () => {
      const answer = ask(threads, "127.0.0.1", openPort);
      const isOnThread = threads.onThreads > 0;
      expect(await answer).toEqual({ kind: "state", state: "open" });
      return isOnThread;
    },
    { timeout: AMPLE_MS, interval: 20 },
  );
  return threads;
}

describe("threads that connect", () => {
  it("say what this thread would say", async () => {
    const threads = await started({ threads: 2, after: 3 });
    try {
      const answers = [
        ask(threads, "127.0.0.1", openPort),
        ask(threads, "127.0.0.1", closedPort),
        // TCP to a multicast address is refused before anything is sent (tcp_v4_connect in Linux).
        ask(threads, "224.0.0.1", openPort),
        ask(threads, "127.0.0.1", openPort),
      ];
      expect(threads.onThreads).toBe(4);
      expect(await Promise.all(answers)).toEqual([
        { kind: "state", state: "open" },
        { kind: "state", state: "closed" },
        { kind: "state", state: "filtered" },
        { kind: "state", state: "open" },
      ]);
      expect(threads.onThreads).toBe(0);
    } finally {
      await threads.close();
    }
  });

  it("tell of a mistake as of one of this thread", async () => {
    const threads = await started({ threads: 1, after: 1 });
    try {
      const answer = await ask(threads, "127.0.0.1", 70_000);
      expect(answer.kind === "fault" && answer.error.message).toContain("70000");
    } finally {
      await threads.close();
    }
  });

  it("say nothing of what was given up, and go on with the rest", async () => {
    const threads = await started({ threads: 1, after: 1 });
    try {
      const heard: string[] = [];
      const giveUp = threads.connect("127.0.0.1", openPort, () => heard.push("given up"));
      giveUp();
      expect(threads.onThreads).toBe(0);
      expect(await ask(threads, "127.0.0.1", closedPort)).toEqual({ kind: "state", state: "closed" });
      expect(heard).toEqual([]);
    } finally {
      await threads.close();
    }
  });

  it("are not started for a few answers", async () => {
    const threads = new ConnectThreads({ threads: 1, after: 1_000 });
    for (let count = 0; count < 20; count += 1) {
      const answer = ask(threads, "127.0.0.1", openPort);
      expect(threads.onThreads).toBe(0);
      await answer;
    }
    await threads.close();
  });
});
