import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { readArguments } from "../../tools/process/usage.ts";
import { type Bench, verdictOf } from "./bench.ts";
import { benches } from "./benches.ts";
import { type Measured, saveResults } from "./results.ts";
import { formatTable } from "./table.ts";

/*
 * `npm run bench -- [names] [--runs N]`: measures what is named (a bench, or a part of the product with all of its
 * benches; everything if nothing is named), prints one table and saves it as JSON. A target that is missed is said,
 * and is no failure: only what could not be measured is.
 */

const WIDEST = Math.max(...benches.map(({ name }) => name.length));

const USAGE = `npm run bench                               measures everything, side by side with something comparable
npm run bench -- <names...> [--runs <n>]    only these benches, or these parts of the product, n times each

The benches:
${benches.map(({ name, description }) => `  ${name.padEnd(WIDEST)}  ${description}`).join("\n")}`;

const { values, positionals } = readArguments(USAGE, { allowPositionals: true, options: { runs: { type: "string" } } });
const runs = values.runs === undefined ? undefined : Number(values.runs);
if (runs !== undefined && (!Number.isInteger(runs) || runs < 1)) fail("--runs takes a number of runs, 1 or more");
for (const name of positionals) if (!benches.some((bench) => isNamed(bench, name))) fail(`there is no bench "${name}"`);
const chosen = benches.filter((bench) => positionals.length === 0 || positionals.some((name) => isNamed(bench, name)));

const started = new Date();
const machine = `${availableParallelism()} x ${cpus()[0]?.model.trim() ?? "unknown processor"}, Node ${process.versions.node}`;
const measured: Measured[] = [];
for (const bench of chosen) {
  progress(`${bench.name}: ${bench.description}`);
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  try {
    measured.push({ bench, result: await bench.run({ runs, folder, progress: (text) => progress(`  ${text}`) }) });
  } catch (error) {
    process.exitCode = 1;
    console.error(`${bench.name} could not be measured:`, error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
if (measured.length > 0) report();

function report(): void {
  const rows = measured.flatMap(({ bench, result }) =>
    result.measurements.map((measurement) => ({ bench: bench.name, measurement })),
  );
  console.log(`\nMedian (min..max) of all runs, both sides in turn, on ${machine}\n\n${formatTable(rows)}`);
  for (const { result } of measured) for (const note of result.notes ?? []) console.log(`\n${note}`);
  const missed = rows.filter(({ measurement }) => verdictOf(measurement).isMet === false);
  const names = missed.map(({ bench, measurement }) => `${bench} (${measurement.what})`).join(", ");
  console.log(missed.length === 0 ? "\nEvery target of these was met." : `\nMissed: ${names}.`);
  console.log(`Saved as ${saveResults({ started, machine, measured })}.`);
}

function isNamed(bench: Bench, name: string): boolean {
  return bench.name === name || bench.name.startsWith(`${name}.`);
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

function fail(message: string): never {
  process.stderr.write(`${message}; there are ${benches.map(({ name }) => name).join(", ")}\n`);
  process.exit(2);
}
