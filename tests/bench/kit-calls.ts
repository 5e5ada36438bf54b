import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Bench, Measurement } from "./bench.ts";
import { formatProfile, readProfile } from "./cpu-profile.ts";
import { makePlugin } from "./plugin-folder.ts";
import { type PluginProcess, startPlugin } from "./plugin-process.ts";

/** What the client that drives both servers is told. */
export interface CallsRequest {
  readonly ours: { readonly port: number; readonly pid: number };
  readonly yardstick: { readonly port: number; readonly pid: number };
  readonly pairs: number;
  readonly inFlight: number;
  readonly runs: number;
}

/** What it measured of one server in one run. */
export interface SliceFigures {
  readonly pairsPerSecond: number;
  readonly processorMicroseconds: number | undefined;
}

const RUNS = 9;
const PAIRS = 2_000;
const IN_FLIGHT = 8;
const PROFILED_RUNS = 3;

/** What checking and comparing one resource costs. */
export const kitCalls: Bench = {
  name: "kit.calls",
  description: "Check and Diff of a resource with 20 properties, against a bare gRPC server that does nothing",
  async run({ runs = RUNS, folder, progress }) {
    progress("bundling");
    const plugin = await makePlugin("provider-main.ts", join(folder, "plugin"), "bench");
    const bare = await makePlugin("bare-server.ts", join(folder, "bare"), "bare");

    progress(`${runs} times ${PAIRS} pairs of each, ${IN_FLIGHT} at once`);
    const { ours, yardstick } = await drive([plugin], [bare], runs);

    progress("looking where the time goes");
    const profiles = join(folder, "profiles");
    // From the sources, which tell what belongs where; the figures above are those of the bundle.
    const sources = join(import.meta.dirname, "provider-main.ts");
    await drive([process.execPath, "--cpu-prof", `--cpu-prof-dir=${profiles}`, sources], [bare], PROFILED_RUNS);
    const [profile] = await readdir(profiles);
    if (profile === undefined) throw new Error("Node wrote no profile");
    return {
      measurements: [
        {
          what: "Check and Diff",
          unit: "pairs/s",
          ours: ours.map((run) => run.pairsPerSecond),
          yardstick: yardstick.map((run) => run.pairsPerSecond),
          target: { of: "ratio", bound: "at least", value: 0.4 },
        },
        ...processorTime(ours, yardstick),
      ],
      notes: [
        `Where the time of the plugin goes, idle time left out:\n${formatProfile(readProfile(JSON.parse(await readFile(join(profiles, profile), "utf8"))))}`,
      ],
    };
  },
};

function processorTime(ours: readonly SliceFigures[], yardstick: readonly SliceFigures[]): Measurement[] {
  const figures = (slices: readonly SliceFigures[]) => slices.flatMap((slice) => slice.processorMicroseconds ?? []);
  if (figures(ours).length === 0) return [];
  return [{ what: "processor time a pair", unit: "us", ours: figures(ours), yardstick: figures(yardstick) }];
}

async function drive(
  ours: readonly [string, ...string[]],
  yardstick: readonly [string, ...string[]],
  runs: number,
): Promise<Record<"ours" | "yardstick", SliceFigures[]>> {
  const started: PluginProcess[] = [];
  try {
    const plugin = await startPlugin(ours);
    started.push(plugin);
    const bare = await startPlugin(yardstick);
    started.push(bare);
    const request: CallsRequest = {
      ours: { port: plugin.port, pid: plugin.pid },
      yardstick: { port: bare.port, pid: bare.pid },
      pairs: PAIRS,
      inFlight: IN_FLIGHT,
      runs,
    };
    const client = join(import.meta.dirname, "calls-client.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [client, JSON.stringify(request)]);
    return JSON.parse(stdout);
  } finally {
    await Promise.all(started.map((process) => process.stop()));
  }
}
