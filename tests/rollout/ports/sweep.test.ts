import { describe, expect, it } from "vitest";
import type { AddressResult } from "../../../provider/rollout/ports/port-state.ts";
import { isLive } from "../../../provider/rollout/ports/port-state.ts";
import { probePorts, type SweepOptions, sweepPorts } from "../../../provider/rollout/ports/sweep.ts";
import { type Behaviour, PlayedNetwork } from "./played-network.ts";

/** Addresses `0` to `count - 1`: the played network takes any text. */
function* addresses(count: number): Generator<string> {
  for (let index = 0; index < count; index += 1) yield `${index}`;
}

async function sweep(
  network: PlayedNetwork,
  options: Partial<SweepOptions> & { readonly addresses: Iterable<string> },
) {
  const results: AddressResult[] = [];
  const tookMs = await network.run(
    sweepPorts({
      ports: [22],
      timeoutMs: 2_000,
      connect: network.connect,
      clock: network,
      onResult: (result) => results.push(result),
      ...options,
    }),
  );
  return { results, tookMs, live: results.filter(isLive).map(({ address }) => address) };
}

const fast: Behaviour = { state: "open", afterMs: 2 };

describe("a sweep", () => {
  it("says of each port what it is, and of each address once", async () => {
    const behaviours: Record<string, Behaviour> = {
      "0/22": fast,
      "0/80": { state: "closed", afterMs: 5 },
      "1/22": "silent",
      "1/80": { state: "filtered", afterMs: 30 },
      "2/22": { state: "closed", afterMs: 1_900 },
      "2/80": "silent",
    };
    const network = new PlayedNetwork((address, port) => behaviours[`${address}/${port}`] ?? "silent");
    const { results } = await sweep(network, { addresses: addresses(3), ports: [22, 80] });
    const told = results.map(
      ({ address, ports }) => `${address} ${ports.map(({ port, state }) => `${port} ${state}`)}`,
    );
    expect(told.sort()).toEqual(["0 22 open,80 closed", "1 22 filtered,80 filtered", "2 22 closed,80 filtered"]);
    expect(network.open).toBe(0);
  });

  it("of nothing is over at once", async () => {
    const network = new PlayedNetwork(() => "silent");
    expect((await sweep(network, { addresses: [] })).results).toEqual([]);
    expect((await sweep(network, { addresses: addresses(3), ports: [] })).results).toEqual([]);
    expect(network.asked).toBe(0);
  });

  it("keeps to the number in flight as long as nothing is known of the network", async () => {
    const network = new PlayedNetwork(() => "silent");
    const { results, tookMs } = await sweep(network, { addresses: addresses(400), inFlight: 50, maxOpen: 200 });
    expect(results).toHaveLength(400);
    expect(network.mostOpen).toBe(50);
    expect(tookMs).toBeLessThanOrEqual(1.3 * ((400 * 2_000) / 50));
  });

  it("holds few connections open where answers come at once", async () => {
    const network = new PlayedNetwork(() => ({ state: "closed", afterMs: 0 }));
    const { results } = await sweep(network, { addresses: addresses(1_000), inFlight: 512 });
    expect(results).toHaveLength(1_000);
    expect(network.mostOpen).toBeLessThan(100);
  });

  it("goes faster over dead ranges once machines have answered quickly, within what may be open", async () => {
    const isMachine = (address: string) => Number(address) % 40 === 0;
    const network = new PlayedNetwork((address) => (isMachine(address) ? fast : "silent"));
    const { live, results, tookMs } = await sweep(network, { addresses: addresses(4_000), inFlight: 50, maxOpen: 400 });
    expect(results).toHaveLength(4_000);
    expect(live).toHaveLength(100);
    expect(network.mostOpen).toBe(400);
    expect(tookMs).toBeLessThan((3_900 * 2_000) / 50 / 4);
  });

  it("calls no machine silent that answers within the time-out, however fast the others were", async () => {
    const behaviour = (address: string): Behaviour => {
      if (Number(address) % 10 === 0) return fast;
      return Number(address) % 10 === 1 ? { state: "open", afterMs: 1_950 } : "silent";
    };
    const network = new PlayedNetwork(behaviour);
    const { live } = await sweep(network, { addresses: addresses(1_000), inFlight: 20, maxOpen: 100 });
    expect(live).toHaveLength(200);
  });

  it("makes do with as many connections as this machine has left, and forgets no address", async () => {
    const network = new PlayedNetwork((address) => (Number(address) % 3 === 0 ? fast : "silent"), 30);
    const { results, live } = await sweep(network, { addresses: addresses(300), inFlight: 100 });
    expect(results).toHaveLength(300);
    expect(live).toHaveLength(100);
    expect(network.mostOpen).toBe(30);
  });

  it("fails, and says why, where not one connection can be opened", async () => {
    const network = new PlayedNetwork(() => fast, 0);
    await expect(sweep(network, { addresses: addresses(10) })).rejects.toThrow(
      "this machine cannot open a single connection (EMFILE)",
    );
  });

  it("stops at once when it is told to, and leaves nothing open", async () => {
    const network = new PlayedNetwork(() => "silent");
    const stop = new AbortController();
    const reason = new Error("stopped by the user");
    network.every(500, () => stop.abort(reason));
    await expect(sweep(network, { addresses: addresses(10_000), signal: stop.signal })).rejects.toBe(reason);
    expect(network.open).toBe(0);
    await expect(sweep(network, { addresses: addresses(1), signal: stop.signal })).rejects.toBe(reason);
  });

  it("ends with the error of who gives the addresses or takes the results", async () => {
    const network = new PlayedNetwork(() => fast);
    const broken = function* () {
      yield "0";
      throw new Error("no more");
    };
    await expect(sweep(network, { addresses: broken() })).rejects.toThrow("no more");
    const onResult = () => {
      throw new Error("no room");
    };
    await expect(sweep(network, { addresses: addresses(3), onResult })).rejects.toThrow("no room");
    expect(network.open).toBe(0);
  });

  it("takes addresses only as it needs them", async () => {
    let taken = 0;
    const endless = function* () {
      for (;;) yield `${taken++}`;
    };
    const stop = new AbortController();
    const network = new PlayedNetwork(() => "silent");
    network.every(1_000, () => stop.abort(new Error("enough")));
    await expect(sweep(network, { addresses: endless(), inFlight: 30, signal: stop.signal })).rejects.toThrow("enough");
    expect(taken).toBe(30);
  });
});

describe("a probe of one address", () => {
  it("gives its ports in the order in which they were asked for", async () => {
    const network = new PlayedNetwork((_, port) => ({ state: port === 22 ? "open" : "closed", afterMs: 100 - port }));
    const probe = probePorts({
      address: "10.0.0.1",
      ports: [80, 22],
      timeoutMs: 1_000,
      connect: network.connect,
      clock: network,
    });
    await network.run(probe.then(() => undefined));
    expect(await probe).toEqual([
      { port: 80, state: "closed" },
      { port: 22, state: "open" },
    ]);
  });
});
