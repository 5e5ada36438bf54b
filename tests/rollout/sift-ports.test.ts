import { describe, expect, it } from "vitest";
import type { PortState } from "../../provider/rollout/ports/port-state.ts";
import { type SweepPorts, siftByPorts } from "../../provider/rollout/sift-ports.ts";
import { addressTarget, namedTarget, type Target } from "../../provider/rollout/targets/target.ts";

function states(answers: Readonly<Record<string, PortState>>): SweepPorts {
  return async ({ addresses, ports, signal, onResult }) => {
    for (const address of addresses) {
      await Promise.resolve();
      signal?.throwIfAborted();
      onResult({ address, ports: ports.map((port) => ({ port, state: answers[address] ?? "filtered" })) });
    }
  };
}

async function sift(targets: Iterable<Target>, sweep: SweepPorts, known: string[] = [], signal?: AbortSignal) {
  const context = {
    signal: signal ?? new AbortController().signal,
    known: ({ key }: Target) => known.includes(key),
  };
  const found: Record<string, string> = {};
  for await (const { target, ending } of siftByPorts(targets, context, { ports: [22, 443], timeoutMs: 100, sweep })) {
    expect(found, `${target.key} came out twice`).not.toHaveProperty([target.key]);
    found[target.key] = ending?.code ?? "look";
  }
  return found;
}

const range = (...addresses: string[]) => addresses.map((address) => addressTarget(address, "range"));

describe("sifting by ports", () => {
  it("finds the dead addresses of ranges, and leaves judging all others to a look", async () => {
    const targets = [
      namedTarget("web01"),
      addressTarget("10.0.0.1", "address"),
      ...range("10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"),
    ];
    const sweep = states({ "10.0.0.3": "open", "10.0.0.4": "closed" });
    expect(await sift(targets, sweep, ["10.0.0.5"])).toEqual({
      web01: "look",
      "10.0.0.1": "look",
      "10.0.0.2": "absent",
      "10.0.0.3": "look",
      "10.0.0.4": "look",
      "10.0.0.5": "look",
    });
  });

  it("asks nobody where no range is", async () => {
    const sweep: SweepPorts = async ({ addresses }) => {
      expect([...addresses]).toEqual([]);
    };
    expect(await sift([namedTarget("web01")], sweep)).toEqual({ web01: "look" });
  });

  it("hands on everything that is left, unjudged, once it is told to stop", async () => {
    const stop = new AbortController();
    const addresses = Array.from({ length: 50 }, (_, index) => `10.0.0.${index}`);
    let results = 0;
    const sweep: SweepPorts = async (options) => {
      await states({})({
        ...options,
        onResult: (result) => {
          options.onResult(result);
          if (++results === 10) stop.abort();
        },
      });
    };
    const found = await sift(range(...addresses), sweep, [], stop.signal);
    expect(Object.keys(found)).toHaveLength(50);
    expect(Object.values(found).filter((word) => word === "absent")).toHaveLength(10);
  });

  it("passes on what went wrong, after what was found", async () => {
    const sweep: SweepPorts = async ({ addresses, onResult }) => {
      const [first] = addresses;
      onResult({ address: first ?? "", ports: [{ port: 22, state: "open" }] });
      throw new Error("no descriptors left");
    };
    await expect(sift(range("10.0.0.1", "10.0.0.2"), sweep)).rejects.toThrow("no descriptors left");
  });
});
