import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Bench } from "../bench.ts";
import { startDriver } from "./driver.ts";
import { AGENTS, AT_ONCE, HEARTBEAT_MS } from "./fleet-size.ts";
import { bundlePrograms, type Programs, type ServerProcess, serveAppliance, serveBare } from "./servers.ts";

const RUNS = 1;

/** What a server holds at two moments, in MB. */
interface Figures {
  readonly connected: number;
  readonly afterInventories: number;
}

/** How much memory connections take. */
export const applianceConnections: Bench = {
  name: "appliance.connections",
  description: `the memory of kace serve with ${AGENTS} agents that enrolled, stay connected and beat, against that of a bare Node server with as many connections`,
  async run({ runs = RUNS, folder, progress }) {
    progress("bundling");
    const programs = await bundlePrograms(folder);
    const ours: Figures[] = [];
    const yardstick: Figures[] = [];
    for (let run = 0; run < runs; run += 1) {
      const { certificates, figures } = await measureOurs(programs, join(folder, `appliance-${run}`), progress);
      ours.push(figures);
      yardstick.push(await measureBare(programs, certificates, progress));
    }
    const target = { of: "ratio", bound: "at most", value: 1.25 } as const;
    return {
      measurements: [
        {
          what: `memory with ${AGENTS} agents`,
          unit: "MB",
          ours: ours.map(({ connected }) => connected),
          yardstick: yardstick.map(({ connected }) => connected),
          target,
        },
        {
          what: "after 20 kB from each",
          unit: "MB",
          ours: ours.map(({ afterInventories }) => afterInventories),
          yardstick: yardstick.map(({ afterInventories }) => afterInventories),
          target,
        },
      ],
    };
  },
};

type Progress = (text: string) => void;

async function measureOurs(programs: Programs, folder: string, progress: Progress) {
  await mkdir(folder);
  const served = await serveAppliance(programs, folder);
  try {
    return { certificates: folder, figures: await measure("kace serve", served, served.token, progress) };
  } finally {
    await served.stop();
  }
}

async function measureBare(programs: Programs, certificates: string, progress: Progress): Promise<Figures> {
  const bare = await serveBare(programs, certificates);
  try {
    return await measure("the bare server", bare, undefined, progress);
  } finally {
    await bare.stop();
  }
}

async function measure(
  name: string,
  server: ServerProcess,
  token: string | undefined,
  progress: Progress,
): Promise<Figures> {
  const driver = startDriver();
  try {
    const who = { port: server.port, count: AGENTS, atOnce: AT_ONCE, ...(token === undefined ? {} : { token }) };
    // From the first on: connecting all takes longer than the server waits for one that is silent.
    await driver.ask({ kind: "beat", everyMs: HEARTBEAT_MS });
    const { seconds } = await driver.ask({ kind: "connect", ...who });
    await pause(1.5 * HEARTBEAT_MS); // each has beaten once
    const connected = await server.memory();
    await driver.ask({ kind: "inventories", count: AGENTS, atOnce: AT_ONCE });
    await pause(HEARTBEAT_MS);
    const afterInventories = await server.memory();
    progress(
      `${name}: connected in ${seconds.toFixed(0)} s, ${connected.toFixed(0)} MB, then ${afterInventories.toFixed(0)} MB`,
    );
    return { connected, afterInventories };
  } finally {
    await driver.stop();
  }
}
