import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bench, type BenchResult, verdictOf } from "./bench.ts";

/** A bench and what it found out. */
export interface Measured {
  readonly bench: Bench;
  readonly result: BenchResult;
}

/** All that was measured in one go. */
export interface Results {
  readonly started: Date;
  /** What it was measured on. */
  readonly machine: string;
  readonly measured: readonly Measured[];
}

/** Git ignores it. */
const FOLDER = join(import.meta.dirname, "../../test-results/bench");

/**
 * Saves every single figure as JSON.
 * @returns the file
 */
export function saveResults({ started, machine, measured }: Results): string {
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${started.toISOString().replaceAll(":", "-")}.json`);
  const benches = measured.map(({ bench: { name, description }, result: { measurements, notes } }) => ({
    name,
    description,
    measurements: measurements.map((measurement) => ({ ...measurement, verdict: verdictOf(measurement) })),
    notes: notes ?? [],
  }));
  writeFileSync(file, `${JSON.stringify({ started: started.toISOString(), machine, benches }, null, 2)}\n`);
  return file;
}
