import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type ConnectAnswer, tcpConnect } from "../../../provider/rollout/ports/connect.ts";
import { probePorts, sweepPorts } from "../../../provider/rollout/ports/sweep.ts";

/** Time enough for an answer on this machine, however busy it is. */
const AMPLE_MS = 60_000;

let server: Server;
let openPort = 0;
let closedPort = 0;

function listen(at: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    at.once("error", reject);
    at.listen({ host: "127.0.0.1", port: 0 }, () => {
      const address = at.address();
      if (address === null || typeof address === "string") reject(new Error("the server has no port"));
      else resolve(address.port);
    });
  });
}

/** A port whose queue is full and whose owner sleeps: the kernel drops what more comes, as a firewall does. */
async function startSilentServer(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const program = `
    const server = require("node:net").createServer();
    server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => console.log(server.address().port));
  `;
  const child = spawn(process.execPath, ["--eval", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  const port = Number(String(line));
  child.kill("SIGSTOP");
  await untilStopped(child.pid ?? 0);
  // The kernel takes each of these into the queue, or drops it, before `connect` returns.
  const fillers = Array.from({ length: 8 }, () => connect({ host: "127.0.0.1", port }).on("error", () => undefined));
  return {
    port,
    stop: async () => {
      for (const filler of fillers) filler.destroy();
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** A signal takes effect a moment after it is sent; until then the process would still take connections. */
async function untilStopped(pid: number): Promise<void> {
  await vi.waitUntil(async () => /^State:\s+T/m.test(await readFile(`/proc/${pid}/status`, "utf8")), {
    timeout: 25_000,
  });
}

beforeAll(async () => {
  server = createServer((socket) => {
    socket.on("error", () => undefined); // a reset is how the probe hangs up
    socket.write("a banner that nobody reads\r\n");
  });
  openPort = await listen(server);
  const other = createServer();
  closedPort = await listen(other);
  await new Promise((resolve) => other.close(resolve));
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
});

describe("over real TCP", () => {
  it("a port that listens is open, and one where nothing listens is closed", async () => {
    const states = await probePorts({ address: "127.0.0.1", ports: [openPort, closedPort], timeoutMs: AMPLE_MS });
    expect(states).toEqual([
      { port: openPort, state: "open" },
      { port: closedPort, state: "closed" },
    ]);
  });

  it("what the kernel itself has no way to is filtered", async () => {
    // TCP to a multicast address is refused before anything is sent (tcp_v4_connect in Linux).
    const states = await probePorts({ address: "224.0.0.1", ports: [openPort], timeoutMs: AMPLE_MS });
    expect(states).toEqual([{ port: openPort, state: "filtered" }]);
  });

  it("one that says nothing within the time-out is filtered", async () => {
    const silent = await startSilentServer();
    try {
      const states = await probePorts({ address: "127.0.0.1", ports: [silent.port], timeoutMs: 500 });
      expect(states).toEqual([{ port: silent.port, state: "filtered" }]);
    } finally {
      await silent.stop();
    }
  });

  it("a sweep finds the one address of many that listens", async () => {
    const counts = { open: 0, closed: 0, filtered: 0 };
    const found: string[] = [];
    await sweepPorts({
      addresses: Array.from({ length: 300 }, (_, index) => `127.0.${index >> 8}.${index & 255 || 1}`),
      ports: [openPort],
      timeoutMs: AMPLE_MS,
      inFlight: 64,
      onResult: ({ address, ports }) => {
        for (const { state } of ports) counts[state] += 1;
        if (ports.some(({ state }) => state === "open")) found.push(address);
      },
    });
    expect(new Set(found)).toEqual(new Set(["127.0.0.1"]));
    expect(counts.filtered).toBe(0);
    expect(counts.open + counts.closed).toBe(300);
  });

  it("what answered while this machine had no time to listen is not called silent", async () => {
    const timeoutMs = 100;
    function* addresses(): Generator<string> {
      yield "127.0.0.1";
      const sinceMs = performance.now();
      while (performance.now() - sinceMs < 3 * timeoutMs);
    }
    const states: string[] = [];
    await sweepPorts({
      addresses: addresses(),
      ports: [openPort, closedPort],
      timeoutMs,
      onResult: ({ ports }) => states.push(...ports.map(({ state }) => state)),
    });
    expect(states).toEqual(["open", "closed"]);
  });

  it("a socket that was used before says nothing of what it was used for", async () => {
    const silent = await startSilentServer();
    const connect = tcpConnect();
    const ask = (port: number) => new Promise<ConnectAnswer>((resolve) => connect("127.0.0.1", port, resolve));
    try {
      const heard: ConnectAnswer[] = [];
      for (let round = 0; round < 5; round += 1) {
        const giveUp = connect("127.0.0.1", silent.port, (answer) => heard.push(answer));
        await setImmediate(); // so that it is on its way
        giveUp();
        giveUp(); // once more says and does nothing
        expect(await ask(openPort)).toEqual({ kind: "state", state: "open" });
        expect(await ask(closedPort)).toEqual({ kind: "state", state: "closed" });
      }
      expect(heard).toEqual([]);
    } finally {
      await silent.stop();
    }
  });

  it("a port outside the numbers that ports have is an error, not an answer", async () => {
    await expect(probePorts({ address: "127.0.0.1", ports: [70_000], timeoutMs: AMPLE_MS })).rejects.toThrow("70000");
  });
});
