import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Appliance } from "../../../provider/appliance/appliance.ts";
import { openLocal } from "../../../provider/appliance/local/local.ts";
import { openRemote } from "../../../provider/appliance/remote/remote.ts";
import { type Bench, inTurn, type Measurement } from "../bench.ts";
import { lists, makeLabels, type Question, questions } from "./asked-by-commands.ts";
import { type Clock, DAYS, fillAppliance } from "./filled-appliance.ts";
import { AGENTS } from "./fleet-size.ts";
import { bundlePrograms, type Programs, serveAppliance } from "./servers.ts";

const RUNS = 5;
const TARGET = { of: "figure", bound: "at most", value: 100 } as const;

/** How large the database of a large appliance is, and how quickly it answers. */
export const applianceQueries: Bench = {
  name: "appliance.queries",
  description: `the database of ${AGENTS} devices with inventories of 20 kB after ${DAYS} days with a run of all of them on each, and what the commands of kace ask of it: in one process, through kace serve, and as whole commands`,
  async run({ runs = RUNS, folder, progress }) {
    const programs = await bundlePrograms(folder);
    const place = join(folder, "appliance");
    const sizeMegabytes = await fill(place, progress);
    const local = await openLocal({ folder: place, who: "bench" });
    const answers: Measurement[] = [];
    const whole: Measurement[] = [];
    try {
      const asked = await questions(local);
      for (const question of asked) answers.push({ ...(await timesOf(question, local, runs)), target: TARGET });
      for (const list of lists) whole.push(await timesOf(list, local, runs));
      progress("through kace serve");
      answers.push(...(await overHttps(programs, place, local, asked, runs)));
    } finally {
      await local.close();
    }
    progress("whole commands");
    const database: Measurement = {
      what: `database after ${DAYS} days`,
      unit: "MB",
      ours: [sizeMegabytes],
      target: { of: "figure", bound: "at most", value: 200 },
    };
    return { measurements: [database, ...answers, ...whole, ...(await commands(programs, place, runs))] };
  },
};

/** @returns the size of the database in MB */
async function fill(place: string, progress: (text: string) => void): Promise<number> {
  // The days end now, so that what is kept for a while is there.
  const clock: Clock = { ms: Date.now() - DAYS * 86_400_000 };
  progress(`filling an appliance with ${AGENTS} devices`);
  const appliance = await openLocal({ folder: place, who: "bench", now: () => clock.ms });
  try {
    await fillAppliance(appliance, { count: AGENTS, clock, progress });
    await makeLabels(appliance);
  } finally {
    await appliance.close(); // which writes everything into the one file
  }
  return (await stat(join(place, "appliance.db"))).size / 1_000_000;
}

async function timesOf([what, ask]: Question, appliance: Appliance, runs: number): Promise<Measurement> {
  const ours: number[] = [];
  for (let run = -1; run < runs; run += 1) {
    const begin = performance.now();
    await ask(appliance);
    if (run >= 0) ours.push(performance.now() - begin);
  }
  return { what, unit: "ms", ours };
}

/** The same questions through a server of its own, and a client that checks every answer. */
async function overHttps(
  programs: Programs,
  place: string,
  local: Appliance,
  asked: readonly Question[],
  runs: number,
): Promise<Measurement[]> {
  const { value: apiToken } = await local.createApiToken({ name: "bench", role: "admin" });
  const { port, stop } = await serveAppliance(programs, place);
  const caCertificate = await readFile(join(place, "certificates", "ca.pem"), "utf8");
  const remote = await openRemote({ endpoint: `https://localhost:${port}`, apiToken, caCertificate });
  try {
    const measurements: Measurement[] = [];
    for (const [what, ask] of asked) {
      measurements.push({ ...(await timesOf([`${what}, by https`, ask], remote, runs)), target: TARGET });
    }
    return measurements;
  } finally {
    await remote.close();
    await stop();
  }
}

/** Whole commands, from their start to their end, beside a Node that starts and ends. */
async function commands({ kace }: Programs, place: string, runs: number): Promise<Measurement[]> {
  const env = { HOME: process.env.HOME, PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) };
  const seconds = async (program: string, args: readonly string[]) => {
    const begin = performance.now();
    await promisify(execFile)(program, [...args], { env, maxBuffer: 64_000_000 });
    return performance.now() - begin;
  };
  const measurements: Measurement[] = [];
  for (const args of [["--version"], ["labels", "list"], ["history"], ["devices", "list"], ["results"]]) {
    const { ours, yardstick } = await inTurn(runs, 1, {
      ours: () => seconds(kace, ["--database", place, ...args]),
      yardstick: () => seconds(process.execPath, ["--eval", "0"]),
    });
    measurements.push({ what: `kace ${args.join(" ")}, beside Node alone`, unit: "ms", ours, yardstick });
  }
  return measurements;
}
