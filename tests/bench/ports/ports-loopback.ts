import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Bench, inTurn, type Measurement } from "../bench.ts";
import { startListener, sweepInProcess } from "./sweeping.ts";

const RUNS = 7;
const NETWORK = "127.64.0.0/18";
const ADDRESSES = 16_384;
const TIMEOUT_MS = 2_000;

/** How fast ports are asked where every address answers. */
export const portsLoopback: Bench = {
  name: "ports.loopback",
  description: `one port of ${ADDRESSES} loopback addresses, against nmap -sT (its own time, without its start)`,
  async run({ runs = RUNS, progress }) {
    await promisify(execFile)("nmap", ["--version"]).catch((error: unknown) => {
      throw new Error("needs nmap, from the distribution's package of that name", { cause: error });
    });
    const listener = await startListener(0);
    const closed = await startListener(0);
    await closed.stop();
    try {
      const measurements: Measurement[] = [];
      for (const [what, port] of [
        ["open", listener.port],
        ["closed", closed.port],
      ] as const) {
        progress(`${runs} times ${ADDRESSES} ${what} ports of each`);
        const { ours, yardstick } = await inTurn(runs, 1, {
          ours: () => ownRate(port, what),
          yardstick: () => nmapRate(port),
        });
        const target = { of: "ratio", bound: "at least", value: 0.7 } as const;
        measurements.push({ what: `${what} ports`, unit: "/s", ours, yardstick, target });
      }
      return { measurements };
    } finally {
      await listener.stop();
    }
  },
};

async function ownRate(port: number, expected: "open" | "closed"): Promise<number> {
  const figures = await sweepInProcess({ ipRange: NETWORK, port, timeoutMs: TIMEOUT_MS });
  if (figures[expected] !== ADDRESSES) throw new Error(`only ${figures[expected]} of ${ADDRESSES} are ${expected}`);
  return ADDRESSES / (figures.elapsedMs / 1_000);
}

async function nmapRate(port: number): Promise<number> {
  const args = ["-sT", "-n", "-Pn", "-p", String(port), "-oG", "-", NETWORK];
  const { stdout } = await promisify(execFile)("nmap", args, { maxBuffer: 64 * 1024 * 1024 });
  const seconds = / scanned in ([\d.]+) seconds/.exec(stdout)?.[1];
  if (seconds === undefined) throw new Error("nmap did not say how long it took");
  return ADDRESSES / Number(seconds);
}
