import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Bench, inTurn } from "../bench.ts";
import type { WalkFigures } from "./walker.ts";

const RUNS = 5;

/** What a network of sixteen million addresses costs. */
export const targetsExpand: Bench = {
  name: "targets.expand",
  description: "a /8: its first thousand machines, and all of them, one after the other",
  async run({ runs = RUNS, progress }) {
    progress(`${runs} times`);
    const { ours } = await inTurn(runs, 0, { ours: walk });
    return {
      measurements: [
        {
          what: "the first thousand",
          unit: "ms",
          ours: ours.map(({ expandMs }) => expandMs),
          target: { of: "figure", bound: "at most", value: 50 },
        },
        { what: "all of them", unit: "s", ours: ours.map(({ walkMs }) => walkMs / 1_000) },
        {
          what: "memory of the walk",
          unit: "MiB",
          ours: ours.map(({ grownMiB }) => grownMiB),
          target: { of: "figure", bound: "at most", value: 50 },
        },
      ],
    };
  },
};

async function walk(): Promise<WalkFigures> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, "walker.ts")]);
  return JSON.parse(stdout);
}
