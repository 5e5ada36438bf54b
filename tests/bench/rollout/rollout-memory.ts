import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundle } from "../../../tools/build/bundle.ts";
import { runOrThrow } from "../../../tools/process/run.ts";
import { obtainPulumi } from "../../../tools/pulumi-cli/obtain.ts";
import type { Bench } from "../bench.ts";

import { startListener } from "../ports/sweeping.ts";
import { deploy, type LargestProcess, watchMemory } from "./deployment.ts";
import { benchPackage } from "./fleet.ts";
import type { PlayedFleet } from "./played-fleet.ts";

const TARGETS = 1_000;
const RUNS = 2;

/** How large the plugin becomes while it works on many machines. */
export const rolloutMemory: Bench = {
  name: "rollout.memory",
  description: `the most memory that the plugin holds in a pulumi up of ${TARGETS} machines, which another process plays`,
  async run({ runs = RUNS, folder, progress }) {
    if (process.platform !== "linux") throw new Error("memory is read from /proc, and loopback has one address here");
    const pulumi = await obtainPulumi({ say: progress });
    progress("bundling");
    const plugin = join(folder, "plugin");
    await bundle(plugin);
    const file = await benchPackage(progress);
    const [hostKey, logInKey] = [join(folder, "host-key"), join(folder, "log-in-key")];
    for (const path of [hostKey, logInKey])
      await runOrThrow({ program: "ssh-keygen", args: ["-q", "-t", "ed25519", "-N", "", "-f", path] });
    const addresses = Array.from(
      { length: TARGETS },
      (_, index) => `127.77.${Math.floor(index / 200)}.${1 + (index % 200)}`,
    );
    const { version, architecture } = file;
    const fleet: PlayedFleet = { addresses, hostKeyFile: hostKey, version, architecture };
    const privateKey = await readFile(logInKey, "utf8");
    const listener = await startListener(0);
    const most: LargestProcess[] = [];
    try {
      for (let run = 0; run < runs; run += 1) {
        const played = await play(fleet, join(folder, "played.json"));
        try {
          const ended = watchMemory(plugin);
          const { seconds } = await deploy({
            pulumi,
            plugin,
            cache: join(folder, "cache"),
            folder: join(folder, `up-${run}`),
            addresses,
            port: played.port,
            privateKey,
            package: file,
            server: { host: "localhost.example", port: listener.port },
            preview: true,
          });
          most.push(await ended());
          progress(`${TARGETS} machines in ${seconds.toFixed(1)} s: ${most.at(-1)?.megabytes.toFixed(0)} MB`);
        } finally {
          await played.stop();
        }
      }
    } finally {
      await listener.stop();
    }
    return {
      measurements: [
        {
          what: `plugin's memory at its largest, ${TARGETS} machines`,
          unit: "MB",
          ours: most.map(({ megabytes }) => megabytes),
          target: { of: "figure", bound: "at most", value: 120 },
        },
      ],
      notes: [
        `Of this, ${most.map(({ fileMegabytes }) => fileMegabytes.toFixed(0)).join(" and ")} MB are pages of Node's own program and of its libraries, which processes share; a Node that does nothing holds 35 of them, and 9 MB besides. The rest is the heap with the compiled bundle (idle 18 to 22 MB, 35 to 40 with the machines), the buffers that are on their way (32 machines at once: 2 to 8 MB), what V8 needs while it compiles, and what the C library keeps between allocations.`,
      ],
    };
  },
};

/** Starts the process that plays the machines; each run needs new ones, without an agent. */
async function play(fleet: PlayedFleet, place: string): Promise<{ readonly port: number; stop(): Promise<void> }> {
  await writeFile(place, JSON.stringify(fleet));
  const program = join(import.meta.dirname, "played-fleet.ts");
  const child = spawn(process.execPath, [program, place], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await Promise.race([once(child.stdout, "data"), failed(child)]);
  return {
    port: Number(String(line)),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill();
      await exit;
    },
  };
}

async function failed(child: ChildProcess): Promise<never> {
  const [code] = await once(child, "exit");
  throw new Error(`what plays the machines ended with exit code ${code}`);
}
