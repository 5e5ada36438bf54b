import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScanRequest, scan, scanNetwork } from "../../provider/functions/scan-network.ts";
import { createDns } from "../../provider/rollout/dns/dns.ts";
import type { NameSource } from "../../provider/rollout/dns/name-source.ts";
import type { sweepPorts } from "../../provider/rollout/ports/sweep.ts";

/** Time enough for an answer on this machine, however busy it is. */
const AMPLE_MS = 60_000;

const request: Omit<ScanRequest, "targets"> = {
  allowLarge: false,
  ports: [22, 80],
  portScanTimeoutMs: AMPLE_MS,
  reverseLookup: true,
};

const forwards: Record<string, string[]> = {
  "web01.corp": ["10.0.0.1"],
  "www.corp": ["10.0.0.1", "10.0.0.7"],
};
const names: NameSource = {
  inFlight: 4,
  addressesOf: async (name) => forwards[name] ?? [],
  namesOf: async (address) => (address === "10.0.0.1" ? ["WEB01.corp."] : address === "10.0.0.10" ? ["db.corp"] : []),
};

/** A network in which `10.0.0.1` and `.10` have SSH, `.7` answers and has nothing, and the others are silent. */
const sweep: typeof sweepPorts = async ({ addresses, ports, onResult }) => {
  for (const address of addresses) {
    const silent = !["10.0.0.1", "10.0.0.7", "10.0.0.10"].includes(address);
    const isOpen = (port: number) => port === 22 && address !== "10.0.0.7";
    onResult({
      address,
      ports: ports.map((port) => ({ port, state: silent ? "filtered" : isOpen(port) ? "open" : "closed" })),
    });
  }
};

describe("scanNetwork", () => {
  it("contradicts itself nowhere", () => {
    expect(scanNetwork.descriptor.contradictions).toEqual([]);
  });

  it("gives the machines with open ports, each once, with their names, and counts the others", async () => {
    const targets = { ipRanges: "10.0.0.0/28", hostnames: "web01.corp, www.corp, gone.corp" };
    const dns = createDns(names, { timeoutMs: AMPLE_MS });
    expect(await scan({ ...request, targets }, { dns, sweep })).toEqual({
      machines: [
        { address: "10.0.0.1", names: ["web01.corp", "www.corp"], openPorts: [22] },
        { address: "10.0.0.10", names: ["db.corp"], openPorts: [22] },
      ],
      unresolved: [{ name: "gone.corp", reason: "not-found" }],
      scanned: 16,
      open: 2,
      closed: 1,
      silent: 13,
    });
  });

  it("asks for no names of addresses where that is turned off", async () => {
    const namesOf = () => Promise.reject(new Error("nobody should ask this"));
    const dns = createDns({ ...names, namesOf }, { timeoutMs: AMPLE_MS });
    const { machines } = await scan({ ...request, targets: { ips: "10.0.0.1" }, reverseLookup: false }, { dns, sweep });
    expect(machines).toEqual([{ address: "10.0.0.1", names: [], openPorts: [22] }]);
  });

  it("refuses targets as every other function does", async () => {
    const dns = createDns(names, { timeoutMs: AMPLE_MS });
    await expect(scan({ ...request, targets: { ipRanges: "10.0.0.0/8" } }, { dns, sweep })).rejects.toMatchObject({
      code: "invalid-input",
      path: ["targets"],
    });
  });
});

describe("scanNetwork on loopback", () => {
  let server: Server;
  let port = 0;

  beforeAll(async () => {
    server = createServer((socket) => socket.on("error", () => undefined)); // a reset is how the probe hangs up
    await new Promise<void>((resolve) => server.listen({ host: "127.0.0.2", port: 0 }, resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    port = address.port;
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
  });

  it("finds the address that listens among real ones", async () => {
    const quiet = () => undefined;
    const result = await scanNetwork.handler.handle(
      {
        preview: false,
        inputs: {
          targets: { ipRanges: ["127.0.0.1-127.0.0.4"] },
          allowLarge: false,
          ports: [port],
          portScanTimeout: "60s",
          dns: { lookup: false, timeout: "60s" },
        },
      },
      {
        client: undefined,
        signal: new AbortController().signal,
        log: { debug: quiet, info: quiet, warn: quiet, error: quiet, status: quiet },
      },
    );
    expect(result).toEqual({
      machines: [{ address: "127.0.0.2", names: [], openPorts: [port] }],
      unresolved: [],
      scanned: 4,
      open: 1,
      closed: 3,
      silent: 0,
    });
  });
});
